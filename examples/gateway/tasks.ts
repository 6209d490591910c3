/** The service behind the gateway: it adds, and it says a text word by word. */
import { setTimeout as pause } from "node:timers/promises";

import { rpcTasks } from "bgtasks";
import type { RPCTask } from "bgtasks";
import * as v from "valibot";

const TEXT = "A reply that comes word by word can be read while it is still being made.".split(" ");

export interface Word {
  /** Where it stands in the text, from 1 on. */
  readonly n: number;
  readonly word: string;
}

export interface Sum {
  readonly a: number;
  readonly b: number;
}

/** How many texts are being said. */
let running = 0;

export const add: RPCTask<"math.add", Sum, number> = rpcTasks(
  "math.add",
  { input: v.object({ a: v.number(), b: v.number() }) },
  ({ a, b }) => a + b,
);

export const words: RPCTask<
  "text.words",
  { readonly after: number },
  AsyncGenerator<Word, void>
> = rpcTasks(
  "text.words",
  { input: v.object({ after: v.pipe(v.number(), v.integer(), v.minValue(0)) }) },
  async function* ({ after }, ctx) {
    running++;
    try {
      for (const [index, word] of TEXT.entries()) {
        if (index < after) continue;
        yield { n: index + 1, word };
        // No longer than until the reader has gone.
        await pause(10, undefined, { signal: ctx.signal });
      }
    } finally {
      running--;
    }
  },
);

/** Not for the web: the gateway does not name it. */
export const countRunning: RPCTask<"text.running", unknown, number> = rpcTasks(
  "text.running",
  () => running,
);
