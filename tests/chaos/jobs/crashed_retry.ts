import { jobQueueName } from "../../../src/jobs/job_queues.ts";
import { JobBench } from "../../support/job_bench.ts";
import type { PrivateBroker } from "../../support/private_broker.ts";
import { TCPProxy } from "../../support/tcp_proxy.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Report } from "../report.ts";
import { CountedLog } from "./counted_log.ts";
import { messagesIn } from "./queue_counts.ts";

/** Cuts off a worker when the broker has the copies of failed jobs, and before it hears that the jobs are done with. */
export async function crashedRetry(
  report: Report,
  broker: PrivateBroker,
  { jobs }: { readonly jobs: number },
): Promise<void> {
  await using bench = new JobBench(broker.settings, false);
  await using log = await CountedLog.start();
  await using proxy = await TCPProxy.open(broker.node.url);
  const route = bench.route();
  const begun = new Set<string>();
  const seen: { readonly id: string; readonly attempt: number; readonly redelivered: boolean }[] =
    [];
  let isCut = false;
  const retry = { delay: 64, factor: 1, jitter: 0 };
  bench.jobs(route, { retry }, async (_: unknown, { id, attempt, redelivered }) => {
    if (isCut) return void seen.push({ id, attempt, redelivered });
    begun.add(id);
    await waitFor(() => isCut, "all jobs to begin");
    throw new Error("as it should");
  });
  const url = `amqp://guest:guest@127.0.0.1:${proxy.port}`;
  await bench.worker({ concurrency: jobs, settings: { url } });
  const ids = Array.from({ length: jobs }, (_, n) => `job-${n}`);
  await bench.client().sendMany(route, ids, { id: String });
  await waitFor(() => begun.size === jobs, "all jobs to begin");
  // No acknowledgement gets through from now on; the copies go out by a connection that is opened for them.
  proxy.freeze();
  isCut = true;
  await bench.worker({ concurrency: jobs });
  await waitFor(() => seen.length >= jobs, "the copies");
  const copies = seen.splice(0);
  proxy.reset();
  await waitFor(() => seen.length >= jobs, "the jobs themselves");
  report.tell(jobs, "jobs whose worker was cut off between the confirm of a retry and its ack");
  report.exactly(jobs, new Set(copies.map(({ id }) => id)).size, "copies done");
  report.exactly(jobs, copies.filter(({ attempt }) => attempt === 2).length, "second attempts");
  report.exactly(jobs, new Set(seen.map(({ id }) => id)).size, "done again under the same id");
  const again = seen.filter(({ attempt, redelivered }) => attempt === 1 && redelivered);
  report.exactly(jobs, again.length, "of them redelivered, as the first attempt");
  const queue = jobQueueName(route);
  await waitFor(async () => (await messagesIn(broker, queue)) === 0, "an empty queue", 30_000);
  report.exactly(jobs, seen.length, "deliveries more");
  report.tell(log.records, "records in the log");
}
