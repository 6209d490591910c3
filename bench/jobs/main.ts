// `npm run bench -- jobs`: sending and doing jobs, every one of them confirmed and on disk, beside peers and frames by hand.
import { parseArgs } from "node:util";

import { JobRegistry, Worker } from "../../mod.ts";
import { deadQueueName, jobQueueName } from "../../src/jobs/job_queues.ts";
import { currentRuntime, findRuntime } from "../../scripts/testing/runtime.ts";
import { describeMachine, packageVersion } from "../report/machine.ts";
import { toName } from "../report/markdown.ts";
import { removeQueues } from "../runner/remove_queues.ts";
import { withRoutes } from "../runner/with_routes.ts";
import { JobContender, type JobRound } from "./job_contender.ts";
import { toJobTable } from "./job_table.ts";
import { type PrivateRedis, startRedis } from "./private_redis.ts";
import { findJobRow, type JobRowEntry, jobRows } from "./rows/job_rows.ts";

/** After this long no round begins, in milliseconds: how long one takes is the disk's to say. */
const MAX_TIME = 240_000;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    runtime: { type: "string" },
    rows: { type: "string" },
  },
});
const runtime = values.runtime === undefined ? currentRuntime() : await findRuntime(values.runtime);
const rounds = Number(values.rounds ?? (values.quick ? 3 : 9));
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`Cannot measure so many rounds: ${values.rounds}`);
// Peers are for Node: what the other runtimes make of them is not ours to measure.
const chosen =
  values.rows?.split(",") ??
  (runtime.kind === "node" ? jobRows.map(({ id }) => id) : ["limit", "bgtasks"]);
const rows = [...new Set(["limit", ...chosen])].map(findJobRow);

await withRoutes(rows.length, async (url, routes) => {
  const queues = routes.map(jobQueueName);
  const contenders: JobContender[] = [];
  const servers: PrivateRedis[] = [];
  try {
    await declareQueues(url, routes);
    for (const [index, row] of rows.entries()) {
      const contender = await open(row, url, routes[index] ?? "", servers);
      if (contender) contenders.push(contender);
    }
    const measured = new Map<JobRowEntry, JobRound[]>();
    const end = performance.now() + MAX_TIME;
    for (let round = -1; round < rounds && performance.now() < end; round++) {
      // The first one warms up.
      console.error(round < 0 ? "warm-up" : `round ${round + 1} of ${rounds}`);
      for (let turn = 0; turn < contenders.length; turn++) {
        // Each is the first as often as the others.
        const contender = contenders[(turn + round + 1) % contenders.length];
        if (!contender) continue;
        const found = await contender.round();
        if (round < 0) measured.set(contender.row, []);
        else measured.get(contender.row)?.push(found);
      }
    }
    const [{ length: counted } = []] = measured.values();
    const machine = await describeMachine(runtime, url);
    console.log(
      `50 B, client and worker in two processes, ${counted} rounds; ${machine.runtime}, ${machine.broker}, ${machine.cpu}, ${machine.cores} cores\n`,
    );
    console.log(toJobTable(measured, nameOf));
  } finally {
    for (const contender of contenders) await contender.close();
    for (const server of servers) await server.stop();
    await removeQueues(url, [...queues, ...queues.map(deadQueueName)]);
  }
});

/** A worker declares what its jobs need. Peers use the same queues, so that all of them keep jobs equally well. */
async function declareQueues(url: string, routes: readonly string[]): Promise<void> {
  const jobs = new JobRegistry();
  for (const route of routes) jobs(route, () => {});
  await using worker = new Worker({ jobs, settings: { url } });
  await worker.start();
}

/** A row without its package or its server is left out. */
async function open(
  row: JobRowEntry,
  broker: string,
  route: string,
  servers: PrivateRedis[],
): Promise<JobContender | undefined> {
  try {
    const redis = row.redis && (await startRedis(row.redis));
    if (redis) servers.push(redis);
    const target = { url: redis?.url ?? broker, route, queue: jobQueueName(route) };
    return await JobContender.open(row, runtime, target);
  } catch (error) {
    if (row.package === undefined) throw error;
    const [reason] = String(error instanceof Error ? error.message : error).split("\n");
    console.log(`left out: ${row.title}: ${reason}`);
    return undefined;
  }
}

function nameOf({ id, title, package: name }: JobRowEntry): string {
  return toName({ id, title, version: name && packageVersion(name) });
}
