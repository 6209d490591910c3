import { ladderTopology, LOST_QUEUE } from "../../jobs/delay_ladder.ts";
import { deadQueueName, jobQueueName } from "../../jobs/job_queues.ts";
import type { QueueCounts, QueueInspector } from "../../transport/queue_inspector.ts";

/** How the jobs of a route stand. */
interface RouteCounts {
  readonly route: string;
  /** How many jobs wait for a worker; `null` when the broker has no queue of them. */
  readonly waiting: number | null;
  /** How many workers take them; `null` when the broker has no queue of them. */
  readonly workers: number | null;
  /** How many dead letters there are; `null` when the broker has no queue of them. */
  readonly dead: number | null;
}

/** How the jobs of some routes stand, and those that are on their way to any route. */
export interface JobCounts {
  readonly jobs: readonly RouteCounts[];
  /** How many jobs of all routes are delayed. */
  readonly delayed: number;
  /** How many jobs were delayed for queues that were gone when they were due. */
  readonly lost: number;
}

/** Counts jobs. Closes the inspector. */
export async function countJobs(
  inspector: QueueInspector,
  routes: readonly string[],
): Promise<JobCounts> {
  try {
    const jobs: RouteCounts[] = [];
    for (const route of routes) jobs.push(await countRoute(inspector, route));
    let [delayed, lost] = [0, 0];
    for (const [queue, counts] of await findLadder(inspector)) {
      if (queue === LOST_QUEUE) lost = counts.messages;
      else delayed += counts.messages;
    }
    return { jobs, delayed, lost };
  } finally {
    await inspector.close();
  }
}

async function countRoute(inspector: QueueInspector, route: string): Promise<RouteCounts> {
  const queue = jobQueueName(route);
  const [job, dead] = await Promise.all([
    inspector.find(queue),
    inspector.find(deadQueueName(queue)),
  ]);
  return {
    route,
    waiting: job?.messages ?? null,
    workers: job?.consumers ?? null,
    dead: dead?.messages ?? null,
  };
}

/** The queues of the ladder that are there. All are asked for at once: one after the other takes 27 ways to the broker. */
async function findLadder(
  inspector: QueueInspector,
): Promise<readonly (readonly [string, QueueCounts])[]> {
  const names = ladderTopology().flatMap((record) => (record.kind === "queue" ? record.name : []));
  const found = await Promise.all(
    names.map(async (name) => [name, await inspector.find(name)] as const),
  );
  return found.flatMap(([name, counts]) => (counts ? [[name, counts] as const] : []));
}
