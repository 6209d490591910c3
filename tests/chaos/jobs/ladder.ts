import { JobBench } from "../../support/job_bench.ts";
import type { PrivateBroker } from "../../support/private_broker.ts";
import type { Report } from "../report.ts";
import { HandledJobs } from "./handled_jobs.ts";

/** What the broker handed on without hearing of it, it sends again after three minutes. In milliseconds. */
const PATIENCE = 420_000;

/** Kills the broker twice while jobs wait for their delays. */
export async function ladder(
  report: Report,
  broker: PrivateBroker,
  { jobs }: { readonly jobs: number },
): Promise<void> {
  await using bench = new JobBench(broker.settings, false);
  const route = bench.route();
  const handled = new HandledJobs(bench, route);
  await bench.worker({ concurrency: 500 });
  const client = bench.client();
  const dueAt = new Map<string, number>();
  const sendSome = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) {
      const id = `job-${n}`;
      const delay = 15_000 + ((n * 7_919) % 45_000);
      const since = performance.now();
      await client.send(route, n, { id, delay, timeout: 60_000 });
      dueAt.set(id, since + delay);
    }
  };
  const share = jobs / 100;
  await Promise.all(
    Array.from({ length: 100 }, (_, loop) => sendSome(loop * share, (loop + 1) * share)),
  );
  for (let kill = 0; kill < 2; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await broker.node.kill();
    await broker.node.start();
  }
  const missing = await handled.all(new Set(dueAt.keys()), PATIENCE);
  const lateness = [...handled.endedAt]
    .map(([id, endedAt]) => endedAt - (dueAt.get(id) ?? NaN))
    .sort((a, b) => a - b);
  report.tell(jobs, "jobs with delays of 15 to 60 s, and two kills of the broker");
  report.exactly(jobs, dueAt.size, "sent");
  report.exactly(0, missing, "of them not handled");
  report.tell(handled.repeated, "handled more than once");
  report.atLeast(0, lateness[0] ?? NaN, "ms late at least");
  report.tell(lateness[Math.floor(lateness.length / 2)] ?? NaN, "ms late, the median");
  report.tell(lateness.at(-1) ?? NaN, "ms late at most");
}
