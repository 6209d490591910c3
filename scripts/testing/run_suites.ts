import { availableParallelism } from "node:os";

import { runSuite, type SuiteOptions, type SuiteResult } from "./run_suite.ts";
import type { Runtime } from "./runtime.ts";
import { withBroker } from "./with_broker.ts";

/**
 * Runs the suite on several runtimes side by side, one more than there are processors, because much of the time goes into
 * waiting. Each has a broker of its own: some tests need a queue of a certain name. A broker that was there already is the
 * only one, and has one suite at a time.
 */
export function runSuites(
  runtimes: readonly Runtime[],
  options: Omit<SuiteOptions, "runtime" | "broker" | "isBeside">,
): Promise<readonly SuiteResult[]> {
  return withBroker(async (broker) => {
    const results: SuiteResult[] = [];
    const isOurs = broker?.inventory !== undefined;
    for (const [first, ...others] of inRounds(runtimes, isOurs ? availableParallelism() + 1 : 1)) {
      if (first === undefined) continue;
      const isBeside = others.length > 0;
      const beside = others.map((runtime) =>
        withBroker((own) => runSuite({ ...options, runtime, broker: own, isBeside })),
      );
      const own = runSuite({ ...options, runtime: first, broker, isBeside });
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
  const starts = Array.from({ length: Math.ceil(runtimes.length / most) }, (_, n) => n * most);
  return starts.map((start) => runtimes.slice(start, start + most));
}
