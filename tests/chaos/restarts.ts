import { Bench } from "../support/adapters.ts";
import { PrivateBroker } from "../support/private_broker.ts";
import { CallLoad, describeErrors } from "./call_load.ts";
import { EventLoopLag } from "./event_loop_lag.ts";
import type { Report } from "./report.ts";

export interface RestartsOptions {
  /** How many times the broker is killed and started again. */
  readonly restarts: number;
  readonly loops: number;
}

/** Kills and restarts a broker again and again under load, every fifth time without its data. */
export async function restarts(
  report: Report,
  { restarts, loops }: RestartsOptions,
): Promise<void> {
  await using broker = await PrivateBroker.start();
  await using bench = new Bench(broker.settings, false);
  using lag = new EventLoopLag();
  bench.registry(bench.route(), async (input: unknown) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return input;
  });
  const worker = await bench.worker();
  const load = new CallLoad(bench.client(), bench.route(), { loops, timeout: 60_000 });
  await load.progress(1_000, 60_000);
  let slowest = 0;
  let wiped = 0;
  for (let round = 1; round <= restarts; round++) {
    const wipe = round % 5 === 0;
    if (wipe) wiped++;
    await broker.node.kill();
    await broker.node.start({ wipe });
    const since = performance.now();
    await load.progress(1, 60_000);
    slowest = Math.max(slowest, performance.now() - since);
    await load.progress(1_000, 60_000);
    console.log(`  ${round} of ${restarts}: ${load.answered} answered`);
  }
  const counts = await load.stop();
  report.tell("loops of calls, half of them with retry", loops);
  report.exactly("kill -9 and restart", restarts, restarts);
  report.tell("of these without its data", wiped);
  report.tell("calls answered", counts.answered);
  report.exactly("calls that hung", counts.hung, 0);
  report.exactly("calls answered with another's answer", counts.wrong, 0);
  report.atLeast("calls with retry that were out when the link dropped", counts.carried, restarts);
  report.exactly("of these answered", counts.carriedAnswered, counts.carried);
  report.exactly("calls with retry that failed", sum(counts.retryErrors), 0);
  if (counts.retryErrors.size > 0) report.tell("…", describeErrors(counts.retryErrors));
  report.tell("calls without retry that failed", describeErrors(counts.plainErrors));
  report.atMost("longest time from the broker's return to an answer", slowest, 5_000, " ms");
  report.atMost("longest that a call outlived its deadline", counts.overrun, 100 + lag.max, " ms");
  report.exactly("handlers that still run", worker.running, 0);
}

function sum(errors: ReadonlyMap<string, number>): number {
  return [...errors.values()].reduce((total, count) => total + count, 0);
}
