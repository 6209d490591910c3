/** What `composition.ts` is for calls, for jobs: apart, so that a program that only calls has nothing of them. */
import { openTransport } from "./composition.ts";
import { HandOver } from "./jobs/hand_over.ts";
import { jobQueueName, readJobQueue } from "./jobs/job_queues.ts";
import { jobsOf, jobTasks } from "./jobs/job_registry.ts";
import type { JobTask } from "./jobs/job_task.ts";
import { Jobs } from "./jobs/jobs.ts";
import type { ResolvedSettings } from "./settings/settings.ts";
import { isLoopback } from "./settings/settings.ts";
import { processLoopback } from "./transport/loopback/loopback_broker.ts";
import type { QueueInspector } from "./transport/queue_inspector.ts";
import type { PublisherLink, Transport } from "./transport/transport.ts";
import { TaskServer } from "./worker/task_server.ts";

/** The transport that settings ask for, with somebody who does the jobs of the default registry over the loopback. */
export function openTransportForJobs(settings: ResolvedSettings): Transport | Promise<Transport> {
  const transport = openTransport(settings);
  if (isLoopback(settings)) standInForWorkers(transport as Transport, settings);
  return transport;
}

/** Opens a link to look into the queues of jobs with. */
export async function openInspector(settings: ResolvedSettings): Promise<QueueInspector> {
  return (await openTransportForJobs(settings)).openInspector();
}

/** What a worker does for jobs. */
export function createJobs(settings: ResolvedSettings, transport: Transport): Jobs {
  const { maxMessageBytes, frameMax, name } = settings;
  // Apart from what the worker consumes on: a broker that blocks those who publish blocks their connections.
  const open = (): Promise<PublisherLink> =>
    Promise.resolve(transport.openPublisher({ onStatus() {} }));
  return new Jobs(maxMessageBytes, name, new HandOver(frameMax, open));
}

let isStandingIn = false;

/** Lets the jobs of the default registry be sent over the loopback though no worker was started, as tests expect it. */
function standInForWorkers(loopback: Transport, settings: ResolvedSettings): void {
  if (isStandingIn) return;
  isStandingIn = true;
  const link = loopback.openConsumer({ onStatus() {} });
  const server = new TaskServer(Infinity);
  const jobs = createJobs({ ...settings, maxMessageBytes: Infinity }, loopback);
  const jobIn = (queue: string): JobTask | undefined => {
    const route = readJobQueue(queue);
    return route === undefined ? undefined : jobTasks.get(route);
  };
  processLoopback.standIns.add({
    offers: (queue) => jobIn(queue) !== undefined,
    queues: () => [...jobTasks].map(({ route }) => jobQueueName(route)),
    serve(queue) {
      const job = jobIn(queue);
      if (!job) return () => {};
      const intake = server.serve(link, jobs, jobsOf(jobTasks), job);
      return () => void intake.stop();
    },
  });
}
