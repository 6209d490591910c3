import type { RPCClient } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";

/** A request that a service got. */
export interface SeenCall {
  readonly name: string;
  readonly body: unknown;
}

/** A handler of whatever a test sends. */
export type Handler = (body: never) => unknown;

/** Services for one test: what they are asked is written down. */
export class Services<Name extends string> implements AsyncDisposable {
  readonly calls: SeenCall[] = [];
  readonly route: Readonly<Record<Name, string>>;
  readonly client: RPCClient;
  readonly #bench: Bench;

  constructor(bench: Bench, handlers: Readonly<Record<Name, Handler>>) {
    this.#bench = bench;
    const routes = Object.entries<Handler>(handlers).map(([name, handler]) => {
      const route = bench.route(name);
      bench.registry(route, (body: unknown) => {
        this.calls.push({ name, body });
        return handler(body as never);
      });
      return [name, route] as const;
    });
    this.route = Object.fromEntries(routes) as Record<Name, string>;
    this.client = bench.client();
  }

  /** What was asked for under this name. */
  bodies(name: Name): unknown[] {
    return this.calls.filter((call) => call.name === name).map(({ body }) => body);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bench[Symbol.asyncDispose]();
  }
}

/** Starts services, by default over the loopback. */
export async function startServices<Name extends string>(
  handlers: Readonly<Record<Name, Handler>>,
  bench: Bench = new Bench({ environment: "test" }, false),
): Promise<Services<Name>> {
  const services = new Services(bench, handlers);
  await bench.worker();
  return services;
}

export interface Image {
  readonly id: number;
  readonly path: string;
}

export function makeImages(ids: readonly number[]): Image[] {
  return ids.map((id) => ({ id, path: `/${id}.jpg` }));
}
