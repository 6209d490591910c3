import fc from "fast-check";
import * as v from "valibot";

import { deadQueueName, jobQueueName } from "../../../src/jobs/job_queues.ts";
import { publishFrames } from "../../support/amqp_bytes.ts";
import { JobBench } from "../../support/job_bench.ts";
import type { PrivateBroker } from "../../support/private_broker.ts";
import { waitFor } from "../../support/wait_for.ts";
import { EventLoopLag } from "../event_loop_lag.ts";
import { megabytes, usedHeap } from "../heap.ts";
import { HostileCaller } from "../hostile_caller.ts";
import type { Report } from "../report.ts";
import { checkSends } from "./broker_kills.ts";
import { CountedLog } from "./counted_log.ts";
import { HandledJobs } from "./handled_jobs.ts";
import { hostileJobs } from "./hostile_jobs.ts";
import { queueCounts } from "./queue_counts.ts";
import { SendLoad } from "./send_load.ts";

export interface HostileOptions {
  readonly messages: number;
  /** Makes the same messages again. */
  readonly seed: number;
}

const BATCH = 1_000;

/** Puts messages that mean no good into queues of jobs, with well-formed jobs beside them. */
export async function hostile(
  report: Report,
  broker: PrivateBroker,
  { messages, seed }: HostileOptions,
): Promise<void> {
  await using bench = new JobBench(broker.settings, false);
  using lag = new EventLoopLag();
  await using log = await CountedLog.start();
  const [plain, picky, beside] = [bench.route("plain"), bench.route("picky"), bench.route()];
  const queues = [plain, picky].map(jobQueueName);
  let [begun, done] = [0, 0];
  const strange = new Set<unknown>();
  const retry = { attempts: 3, delay: 64, jitter: 0 };
  bench.jobs(plain, { retry }, (input: unknown, { attempt, attempts, id }) => {
    begun++;
    if (!Number.isInteger(attempt) || attempt < 1 || id === "") strange.add(attempt);
    if (typeof input === "object" && attempts > 0) throw new Error("as it should");
    done++;
  });
  bench.jobs(picky, { retry, input: v.strictObject({ a: v.number() }) }, () => void done++);
  const handled = new HandledJobs(bench, beside);
  const worker = await bench.worker();
  const states: string[] = [];
  worker.onStatus(({ state }) => states.push(state));
  const client = bench.client();
  // The ladder is there before anything is counted.
  await client.send(beside, 1, { id: "first", delay: 64 });
  await waitFor(() => handled.counts.has("first"), "the first job");
  await using caller = await HostileCaller.open(broker.node.url);
  const before = await elsewhere(broker);
  const load = { loops: 2, timeouts: [20_000], delays: [0, 128] };
  using sends = new SendLoad(client, beside, load);
  await sends.progress(10);

  const arbitrary = hostileJobs(queues);
  let heapBefore = 0;
  const since = performance.now();
  for (let sent = 0, batch = 0; sent < messages; batch++) {
    const numRuns = Math.min(BATCH, messages - sent);
    for (const message of fc.sample(arbitrary, { numRuns, seed: seed + batch }))
      caller.publish(publishFrames(caller.channelId, message));
    sent += numRuns;
    const areTaken = async (): Promise<boolean> => {
      for (const queue of queues) if ((await caller.count(queue)) > 0) return false;
      return true;
    };
    await waitFor(areTaken, "the worker taking the messages", 60_000);
    if (batch === Math.ceil(messages / BATCH / 5)) heapBefore = await usedHeap();
  }
  const seconds = (performance.now() - since) / 1_000;
  await sends.progress(10);
  const counts = await sends.stop();

  let [dead, away] = [0, 0];
  const areAccounted = async (): Promise<boolean> => {
    const now = await queueCounts(broker);
    dead = queues.reduce((sum, queue) => sum + (now.get(deadQueueName(queue)) ?? 0), 0);
    away = (await elsewhere(broker)) - before;
    return done + dead + away === messages;
  };
  await waitFor(areAccounted, "every message's end", 120_000).catch(() => {});
  report.tell(messages, `hostile messages (seed ${seed})`);
  report.tell(messages / seconds, "per second");
  report.tell(begun, "times that a handler without a schema ran");
  report.tell(done, "done");
  report.tell(dead, "dead letters");
  report.tell(away, "in the ladder, by a forged rest of a delay");
  report.exactly(messages, done + dead + away, "of these together");
  report.exactly(0, strange.size, "kinds of impossible attempts that a handler saw");
  report.exactly(0, states.length, "changes of the worker's connection");
  report.exactly(0, worker.running, "handlers that still run");
  report.tell(log.records, "records in the log");
  await checkSends(report, counts, handled, { patience: 30_000, lag: lag.max });
  if (heapBefore > 0) {
    report.tell(megabytes(heapBefore), "MB of heap after a fifth");
    report.atMost(megabytes(heapBefore) + 8, megabytes(await usedHeap()), "MB after all");
  }
  report.exactly(0, Object.keys(Object.prototype).length, "names added to Object.prototype");
}

/** How many messages are in the ladder, and where it leads to when a queue is gone. */
async function elsewhere(broker: PrivateBroker): Promise<number> {
  let count = 0;
  for (const [queue, messages] of await queueCounts(broker))
    if (queue.startsWith("bgtasks.v1.delay.") || queue === "bgtasks.dead") count += messages;
  return count;
}
