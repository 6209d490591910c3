import type { Settings } from "../../../mod.ts";
import { jobQueueName } from "../../../src/jobs/job_queues.ts";
import { JobBench } from "../../support/job_bench.ts";
import { Cluster } from "../cluster.ts";
import { EventLoopLag } from "../event_loop_lag.ts";
import type { Report } from "../report.ts";
import { checkSends } from "./broker_kills.ts";
import { HandledJobs } from "./handled_jobs.ts";
import { SendLoad } from "./send_load.ts";

/** A level that each delay of the load passes. */
const LEVEL = "bgtasks.v1.delay.10";

/** Kills, in a cluster of three, the node that leads the queue of a job, then the one that leads a level of the ladder. */
export async function jobsCluster(report: Report): Promise<void> {
  await using nodes = await Cluster.start(3);
  const reconnect = { initial: 20, max: 300 };
  const settings: Settings = { url: nodes.urls, environment: "", reconnect };
  await using bench = new JobBench(settings, false);
  using lag = new EventLoopLag();
  const route = bench.route();
  const handled = new HandledJobs(bench, route);
  await bench.worker();
  const options = { loops: 40, timeouts: [60_000], delays: [0, 1_100] };
  using load = new SendLoad(bench.client(), route, options);
  for (const queue of [jobQueueName(route), LEVEL]) {
    await load.progress(500);
    const leader = nodes.named(await leaderOf(nodes, queue));
    await leader.kill();
    await load.progress(500);
    await leader.start();
    await nodes.ctl("await_online_nodes", "3");
  }
  await load.progress(500);
  const counts = await load.stop();
  report.remark("the leader of a job's queue and that of a level died");
  // A level that lost what it had handed on stands still for three minutes.
  await checkSends(report, counts, handled, { patience: 420_000, lag: lag.max });
}

async function leaderOf(nodes: Cluster, queue: string): Promise<string> {
  const rows = await nodes.ctl("-q", "list_queues", "name", "leader", "--no-table-headers");
  const row = rows.split("\n").find((line) => line.startsWith(`${queue}\t`));
  return row?.split("\t")[1]?.trim() ?? "";
}
