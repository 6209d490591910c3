import assert from "node:assert/strict";

import type { CallOptions, RemoteClient } from "../../mod.ts";

/** A call that went out. */
export interface FakeCall {
  readonly route: string;
  readonly body: unknown;
  readonly options: CallOptions;
}

/** Answers routes by functions, with bodies and replies as they come out of JSON, and writes down what was asked. */
export class FakeClient implements RemoteClient {
  readonly calls: FakeCall[] = [];
  /** Itself: a serializer takes it for options. */
  readonly client: RemoteClient = this;
  readonly #routes: Readonly<Record<string, (body: never) => unknown>>;

  constructor(routes: Readonly<Record<string, (body: never) => unknown>>) {
    this.#routes = routes;
  }

  async call(route: string, input?: unknown, options: CallOptions = {}): Promise<unknown> {
    options.signal?.throwIfAborted();
    const body: unknown = copy(input);
    this.calls.push({ route, body, options });
    const handler = this.#routes[route] ?? assert.fail(`nobody serves ${route}`);
    return copy(await handler(body as never));
  }

  /** What was asked of a route. */
  bodies(route: string): unknown[] {
    return this.calls.filter((call) => call.route === route).map(({ body }) => body);
  }
}

function copy(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
