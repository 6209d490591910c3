import type { Bench } from "../support/adapters.ts";
import { waitFor } from "../support/wait_for.ts";

export interface DrainOptions {
  readonly calls: number;
  readonly concurrency: number;
}

export interface Drained {
  /** Calls whose handler the worker that stopped had begun. */
  readonly begun: number;
  /** Calls that were answered when it had stopped. */
  readonly repliesOfFirst: number;
  /** What its queue held then. */
  readonly givenBack: number;
  /** Calls that were answered in the end, by a second worker, with their own answer. */
  readonly answered: number;
  readonly handledTwice: number;
  /** How long stopping took, in milliseconds. */
  readonly milliseconds: number;
}

/** Stops a worker while it is at work, then lets another one do the rest. */
export async function drainInFlight(
  bench: Bench,
  { calls, concurrency }: DrainOptions,
  countMessages: (route: string) => Promise<number>,
): Promise<Drained> {
  const route = bench.route();
  const begun: number[] = [];
  bench.registry(route, async (input: number) => {
    begun.push(input);
    await new Promise((resolve) => setTimeout(resolve, 50 + (input % 50)));
    return input;
  });
  const worker = await bench.worker({ concurrency, drainTimeout: 20_000 });
  const client = bench.client();
  let answered = 0;
  const replies = Array.from({ length: calls }, async (_, input) => {
    if ((await client.call(route, input, { timeout: 60_000 })) === input) answered++;
  });
  await waitFor(() => begun.length >= concurrency, "handlers to begin");
  const since = performance.now();
  await worker.stop();
  const milliseconds = performance.now() - since;
  const byFirst = begun.length;
  // The replies are at the broker; the client has yet to read the last of them.
  await waitFor(() => answered >= byFirst, "the replies of what was begun").catch(() => {});
  const repliesOfFirst = answered;
  const givenBack = await countMessages(route);
  await bench.worker({ concurrency });
  await Promise.all(replies);
  return {
    begun: byFirst,
    repliesOfFirst,
    givenBack,
    answered,
    handledTwice: begun.length - new Set(begun).size,
    milliseconds,
  };
}
