import { Bench } from "../../support/adapters.ts";
import type { PrivateBroker } from "../../support/private_broker.ts";
import { waitFor } from "../../support/wait_for.ts";
import { describeErrors } from "../call_load.ts";
import { EventLoopLag } from "../event_loop_lag.ts";
import { queueCounts } from "../jobs/queue_counts.ts";
import { WorkerProcesses } from "../jobs/worker_processes.ts";
import type { Report } from "../report.ts";
import { PATIENCE, StreamLoad } from "./stream_load.ts";
import { registerStreams, streamKinds, streamRoute } from "./stream_tasks.ts";

export interface StreamsOptions {
  /** How often a worker is killed, and then the broker, which is started again. */
  readonly kills: number;
  readonly loops: number;
}

/** What a stream may end with whose worker or broker dies. */
const LOSSES = ["connection_lost", "no_route"];

/** Kills worker processes and the broker again and again while items go to callers, to handlers, and both ways. */
export async function streams(
  report: Report,
  broker: PrivateBroker,
  options: StreamsOptions,
): Promise<void> {
  const prefix = await run(report, broker, options);
  const routes = streamKinds.map((kind) => streamRoute(prefix, kind));
  const findLeft = async (): Promise<number> =>
    [...(await queueCounts(broker))].filter(
      ([queue, messages]) =>
        queue.startsWith("amq.gen-") || (routes.includes(queue) && messages > 0),
    ).length;
  let left = 0;
  const isClean = async (): Promise<boolean> => (left = await findLeft()) === 0;
  await waitFor(isClean, "an empty broker").catch(() => {});
  report.exactly(0, left, "control queues, and queues with messages, left on the broker");
}

/** @returns what the routes begin with */
async function run(
  report: Report,
  broker: PrivateBroker,
  { kills, loops }: StreamsOptions,
): Promise<string> {
  await using bench = new Bench(broker.settings, false);
  using lag = new EventLoopLag();
  const prefix = bench.route("streams");
  const seen = registerStreams(bench.registry, prefix);
  const worker = await bench.worker({ concurrency: loops });
  await using processes = await WorkerProcesses.start({
    program: new URL("worker_program.ts", import.meta.url),
    url: broker.node.url,
    route: prefix,
    count: 1,
    concurrency: loops,
  });
  using load = new StreamLoad(bench.client(), prefix, loops);
  await load.progress(2 * loops);
  let killed = 0;
  for (let round = 1; round <= kills; round++) {
    if (processes.killOne()) killed++;
    await load.progress(2 * loops);
    await broker.node.kill();
    await broker.node.start({ wipe: round % 5 === 2 });
    await load.progress(2 * loops);
  }
  const counts = await load.stop();
  report.tell(loops, "loops of streams");
  report.exactly(kills, killed, "kills of a worker's process");
  report.tell(kills, "kills and restarts of the broker");
  report.tell(counts.whole, "streams whole");
  report.atLeast(kills, counts.cut, "cut short after items");
  report.remark(`(${describeErrors(counts.errors)})`);
  const others = [...counts.errors.keys()].filter((code) => !LOSSES.includes(code));
  report.exactly(0, others.length, "errors other than those of a loss");
  report.exactly(0, counts.wrong.length, "with wrong items or a wrong end");
  for (const text of counts.wrong) report.breach(text);
  report.exactly(0, counts.hung, "hung");
  report.atMost(PATIENCE + lag.max, counts.slowest, "ms at most until a stream's end");
  report.exactly(0, counts.openSources, "sources that were not ended");
  const again = new StreamLoad(bench.client(), prefix, streamKinds.length);
  const { errors, whole } = await again.stop();
  report.exactly(streamKinds.length, whole, "streams whole in the end, one of each kind");
  if (errors.size > 0) report.remark(describeErrors(errors));
  const isIdle = (): boolean => worker.running === 0 && seen.begun === seen.ended;
  await waitFor(isIdle, "the ends of the handlers", PATIENCE).catch(() => {});
  report.exactly(0, worker.running, "handlers that still run");
  report.exactly(0, seen.begun - seen.ended, "generators that were not ended");
  return prefix;
}
