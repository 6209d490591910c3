import { deadQueueName, jobQueueName } from "../../../src/jobs/job_queues.ts";
import { JobBench } from "../../support/job_bench.ts";
import type { PrivateBroker } from "../../support/private_broker.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Report } from "../report.ts";
import { takeLetters } from "./dead_letters.ts";
import { messagesIn } from "./queue_counts.ts";
import type { ChaosJob } from "./worker_processes.ts";
import { WorkerProcesses } from "./worker_processes.ts";

/** How often the broker delivers a job whose workers die: the limit, and the first time. */
const DELIVERIES = 21;

/** A job that kills its worker each time, among others that do not. */
export async function poison(
  report: Report,
  broker: PrivateBroker,
  { jobs }: { readonly jobs: number },
): Promise<void> {
  await using bench = new JobBench(broker.settings, false);
  const route = bench.route();
  const { url } = broker.node;
  await using processes = await WorkerProcesses.start({ url, route, count: 3, concurrency: 10 });
  const client = bench.client();
  const poisonous: ChaosJob = { pause: 100, isPoison: true };
  const { id: poisonId } = await client.send(route, poisonous);
  const job: ChaosJob = { pause: 5 };
  let sent = 0;
  const dead = deadQueueName(jobQueueName(route));
  // Until it is over: the others go on all the while.
  for (let isOver = false; !isOver || sent < jobs; sent += 10) {
    await client.sendMany(
      route,
      Array.from({ length: 10 }, () => job),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (sent % 100 === 0) isOver = (await messagesIn(broker, dead)) > 0;
    if (processes.deaths > 5 * DELIVERIES) break;
  }
  await waitFor(() => processes.handled.size >= sent, "the other jobs", 60_000).catch(() => {});
  report.exactly(DELIVERIES, processes.deaths, "workers that a job killed");
  report.exactly(sent, processes.handled.size, "other jobs handled");
  report.tell(processes.repeated, "of them more than once");
  const letters = await takeLetters(url, dead);
  report.exactly(1, letters.length, "dead letter");
  const isPoison = letters[0]?.id === poisonId && letters[0].reason === "delivery_limit";
  report.exactly(1, Number(isPoison), "of them that job, by the delivery limit");
}
