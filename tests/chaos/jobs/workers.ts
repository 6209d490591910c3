import { deadQueueName, jobQueueName } from "../../../src/jobs/job_queues.ts";
import { JobBench } from "../../support/job_bench.ts";
import type { PrivateBroker } from "../../support/private_broker.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Report } from "../report.ts";
import { messagesIn } from "./queue_counts.ts";
import type { ChaosJob } from "./worker_processes.ts";
import { WorkerProcesses } from "./worker_processes.ts";

/** Kills one of five worker processes every second while they do jobs. */
export async function workers(
  report: Report,
  broker: PrivateBroker,
  { jobs }: { readonly jobs: number },
): Promise<void> {
  await using bench = new JobBench(broker.settings, false);
  const route = bench.route();
  const { url } = broker.node;
  await using processes = await WorkerProcesses.start({ url, route, count: 5, concurrency: 10 });
  let kills = 0;
  const killing = setInterval(() => {
    if (processes.killOne()) kills++;
  }, 1_000);
  try {
    const job: ChaosJob = { pause: 50 };
    const inputs = Array.from({ length: jobs }, () => job);
    const sent = await bench.client().sendMany(route, inputs);
    const areHandled = (): boolean => processes.handled.size >= jobs;
    await waitFor(areHandled, `${jobs} jobs`, 300_000).catch(() => {});
    const handled = sent.filter(({ id }) => processes.handled.has(id)).length;
    report.exactly(jobs, handled, "jobs handled");
  } finally {
    clearInterval(killing);
  }
  report.atLeast(2, kills, "kills of one of five workers, one a second");
  report.exactly(jobs, processes.handled.size, "ids");
  report.tell(processes.repeated, "of them handled more than once");
  const queue = jobQueueName(route);
  await waitFor(async () => (await messagesIn(broker, queue)) === 0, "an empty queue", 30_000);
  report.exactly(0, await messagesIn(broker, deadQueueName(queue)), "dead letters");
}
