import { JobBench } from "../../support/job_bench.ts";
import type { PrivateBroker } from "../../support/private_broker.ts";
import { describeErrors } from "../call_load.ts";
import { EventLoopLag } from "../event_loop_lag.ts";
import type { Report } from "../report.ts";
import { HandledJobs } from "./handled_jobs.ts";
import type { SendCounts } from "./send_load.ts";
import { SendLoad } from "./send_load.ts";

/** How long after its declaration a queue survives the broker's death, in milliseconds. */
const SETTLED = 3_000;

/** Kills and restarts the broker again and again while jobs are sent and done. */
export async function brokerKills(
  report: Report,
  broker: PrivateBroker,
  { kills }: { readonly kills: number },
): Promise<void> {
  await using bench = new JobBench(broker.settings, false);
  using lag = new EventLoopLag();
  const route = bench.route();
  const handled = new HandledJobs(bench, route);
  await bench.worker();
  // Some give up while the broker is away.
  const options = { loops: 20, timeouts: [60_000, 1_000], delays: [0] };
  using load = new SendLoad(bench.client(), route, options);
  await load.progress(500);
  // RabbitMQ 3.10 that dies within a moment of a quorum queue's declaration comes back with one that confirms nothing, and
  // says that it runs. Nothing that can be asked for tells when that danger is over.
  await new Promise((resolve) => setTimeout(resolve, SETTLED));
  for (let round = 0; round < kills; round++) {
    await broker.node.kill();
    await broker.node.start();
    await load.progress(500);
  }
  const counts = await load.stop();
  report.tell(kills, "kills and restarts");
  await checkSends(report, counts, handled, { patience: 60_000, lag: lag.max });
}

/** What holds of all jobs that were sent, whatever died meanwhile. */
export async function checkSends(
  report: Report,
  { stored, unconfirmed, others, overrun, hung }: SendCounts,
  handled: HandledJobs,
  { patience, lag }: { readonly patience: number; readonly lag: number },
): Promise<void> {
  const missing = await handled.all(stored, patience);
  report.tell(stored.size, "sends that resolved");
  report.exactly(0, missing, "of them not handled");
  report.tell(handled.repeated, "handled more than once");
  report.exactly(0, hung, "sends that did not end");
  report.tell(unconfirmed.size, "rejected with JobUnconfirmedError");
  report.tell(unconfirmed.size - handled.missing(unconfirmed).length, "of them handled");
  report.exactly(0, others.size, "kinds of other errors");
  if (others.size > 0) report.remark(describeErrors(others));
  report.atMost(100 + lag, overrun, "ms at most beyond a deadline");
}
