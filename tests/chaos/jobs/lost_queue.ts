import { jobQueueName } from "../../../src/jobs/job_queues.ts";
import { JobBench } from "../../support/job_bench.ts";
import type { PrivateBroker } from "../../support/private_broker.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Report } from "../report.ts";
import { deleteQueue, takeLetters } from "./dead_letters.ts";
import { HandledJobs } from "./handled_jobs.ts";

const LOST = "bgtasks.dead";

/** Deletes a queue while delayed jobs are on their way to it. More of them than a level hands on at a time. */
export async function lostQueue(report: Report, broker: PrivateBroker): Promise<void> {
  await using bench = new JobBench(broker.settings, false);
  const [gone, other] = [bench.route("gone"), bench.route("other")];
  const { url } = broker.node;
  bench.jobs(gone, () => {});
  const worker = await bench.worker();
  const client = bench.client();
  const ids = Array.from({ length: 40 }, (_, n) => `lost-${n}`);
  await client.sendMany(gone, ids, { id: String, delay: 2_048 });
  await worker.stop();
  await deleteQueue(url, jobQueueName(gone));
  bench.jobs.delete(gone);
  const handled = new HandledJobs(bench, other);
  await bench.worker();
  // Over the same level, behind those that have nowhere to go.
  const since = performance.now();
  await client.send(other, 1, { id: "behind", delay: 2_048 });
  await waitFor(() => handled.counts.has("behind"), "the job behind them", 30_000);
  const late = (handled.endedAt.get("behind") ?? NaN) - since - 2_048;
  const letters = await takeLetters(url, LOST);
  const lost = letters.filter(({ id, reason }) => ids.includes(id) && reason === "unrouted");
  report.exactly(40, lost.length, `delayed jobs in ${LOST} whose queue was deleted`);
  report.exactly(1, handled.counts.size, "job of another queue behind them done");
  report.atMost(5_000, late, "ms late");
}
