import { Bench } from "../support/adapters.ts";
import type { PrivateBroker } from "../support/private_broker.ts";
import { CallLoad, describeErrors } from "./call_load.ts";
import { EventLoopLag } from "./event_loop_lag.ts";
import type { Report } from "./report.ts";

export interface RestartsOptions {
  /** How often the broker is killed and started again. */
  readonly kills: number;
  readonly loops: number;
}

/** Kills and restarts a broker again and again under load, at the second time and every fifth after it without its data. */
export async function restarts(
  report: Report,
  broker: PrivateBroker,
  { kills, loops }: RestartsOptions,
): Promise<void> {
  await using bench = new Bench(broker.settings, false);
  using lag = new EventLoopLag();
  bench.registry(bench.route(), async (input: unknown) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return input;
  });
  const worker = await bench.worker();
  using load = new CallLoad(bench.client(), bench.route(), { loops, timeout: 60_000 });
  await load.progress(1_000, 60_000);
  let slowest = 0;
  let wiped = 0;
  for (let round = 1; round <= kills; round++) {
    const wipe = round % 5 === 2;
    if (wipe) wiped++;
    await broker.node.kill();
    await broker.node.start({ wipe });
    const since = performance.now();
    await load.progress(1, 60_000);
    slowest = Math.max(slowest, performance.now() - since);
    await load.progress(1_000, 60_000);
  }
  const counts = await load.stop();
  report.tell(kills, "kills and restarts");
  report.tell(wiped, "of them without the data");
  report.tell(loops, "loops of calls");
  report.tell(counts.answered, "answered");
  report.exactly(0, counts.hung, "hung");
  report.exactly(0, counts.wrong, "wrong answers");
  report.atLeast(kills, counts.carried, "calls with retry that were out when the link dropped");
  report.exactly(counts.carried, counts.carriedAnswered, "of them answered");
  report.exactly(0, sum(counts.retryErrors), "calls with retry that failed");
  if (counts.retryErrors.size > 0) report.remark(describeErrors(counts.retryErrors));
  report.tell(sum(counts.plainErrors), "calls without retry that failed");
  report.remark(`(${describeErrors(counts.plainErrors)})`);
  report.atMost(5_000, slowest, "ms at most from the broker's return to an answer");
  report.atMost(100 + lag.max, counts.overrun, "ms at most beyond a deadline");
  report.exactly(0, worker.running, "handlers that still run");
}

function sum(errors: ReadonlyMap<string, number>): number {
  return [...errors.values()].reduce((total, count) => total + count, 0);
}
