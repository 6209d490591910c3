import { availableParallelism } from "node:os";

import { runSuite, type SuiteOptions, type SuiteResult } from "./run_suite.ts";
import type { Runtime } from "./runtime.ts";
import { withBroker } from "./with_broker.ts";

/**
 * Runs the suite on several runtimes. Node runs a file on each processor, so it runs alone. Deno and Bun run one file at
 * a time, so they run side by side, each with a broker of its own: some tests need a queue of a certain name. A broker
 * that was there already is the only one, and has one suite at a time.
 */
export function runSuites(
  runtimes: readonly Runtime[],
  options: Omit<SuiteOptions, "runtime" | "broker" | "quiet">,
): Promise<readonly SuiteResult[]> {
  return withBroker(async (broker) => {
    const results: SuiteResult[] = [];
    const isOurs = broker?.inventory !== undefined;
    for (const [first, ...others] of inRounds(runtimes, isOurs ? availableParallelism() : 1)) {
      if (first === undefined) continue;
      const quiet = others.length > 0;
      const beside = others.map((runtime) =>
        withBroker((own) => runSuite({ ...options, runtime, broker: own, quiet })),
      );
      const own = runSuite({ ...options, runtime: first, broker, quiet });
      results.push(...(await Promise.all([own, ...beside])));
    }
    return results;
  });
}

/** Which of them run side by side, at most `most` of them, in the order in which they were named. */
export function inRounds(
  runtimes: readonly Runtime[],
  most: number,
): readonly (readonly Runtime[])[] {
  const rounds: Runtime[][] = [];
  let open: Runtime[] = [];
  for (const runtime of runtimes) {
    const isAlone = runtime.kind === "node";
    if (!isAlone && open.length > 0 && open.length < most) {
      open.push(runtime);
      continue;
    }
    const round = [runtime];
    rounds.push(round);
    if (!isAlone) open = round;
  }
  return rounds;
}
