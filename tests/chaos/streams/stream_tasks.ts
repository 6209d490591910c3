import * as v from "valibot";

import type { TaskRegistry } from "../../../mod.ts";

/** What a stream is asked for. */
interface StreamInput {
  /** How many items there are: 0 and so on. */
  readonly count: number;
}

/** So many items are made at a time, before the next pause. */
const AT_ONCE = 50;

/** How often generators began, and ended in whatever way. */
export interface Begun {
  begun: number;
  ended: number;
}

/** Three kinds of tasks: their items go to the caller, to the handler, or both ways. */
export const streamKinds = ["down", "up", "both"] as const;

export type StreamKind = (typeof streamKinds)[number];

/** @param prefix what their routes begin with */
export function streamRoute(prefix: string, kind: StreamKind): string {
  return `${prefix}.${kind}`;
}

/** Registers a task of each kind. */
export function registerStreams(registry: TaskRegistry, prefix: string): Begun {
  const seen: Begun = { begun: 0, ended: 0 };
  const receives = { receives: v.number() };
  registry(streamRoute(prefix, "down"), ({ count }: StreamInput) => countUpTo(count, seen));
  registry(streamRoute(prefix, "up"), receives, async (_: StreamInput, ctx) => {
    let next = 0;
    for await (const n of inOrder(ctx.incoming, seen)) next = n + 1;
    return next;
  });
  registry(streamRoute(prefix, "both"), receives, async function* (_: StreamInput, ctx) {
    yield* inOrder(ctx.incoming, seen);
    return "the end";
  });
  return seen;
}

/** Gives numbers from 0 on, some at a time, and returns how many there were. */
export async function* countUpTo(count: number, seen: Begun): AsyncGenerator<number, number> {
  seen.begun++;
  try {
    for (let n = 0; n < count; n++) {
      yield n;
      if (n % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return count;
  } finally {
    seen.ended++;
  }
}

/**
 * Passes on what has to be numbers from 0 on.
 *
 * @throws Error at the first that is another one
 */
export async function* inOrder(
  items: AsyncIterable<unknown>,
  seen: Begun = { begun: 0, ended: 0 },
): AsyncGenerator<number> {
  seen.begun++;
  try {
    let next = 0;
    for await (const item of items) {
      if (item !== next) throw new Error(`got ${JSON.stringify(item)} in the place of ${next}`);
      yield next++;
    }
  } finally {
    seen.ended++;
  }
}
