// A worker as a program of its own, so that it can be killed: `worker_program.ts URL ROUTE CONCURRENCY`. It writes the id of
// each job that its handler has ended, before the job is acknowledged.
import { writeSync } from "node:fs";

import { JobRegistry, Worker } from "../../../mod.ts";
import type { ChaosJob } from "./worker_processes.ts";

const [url = "", route = "", concurrency = "1"] = process.argv.slice(2);
const jobs = new JobRegistry();
jobs(route, async ({ pause, isPoison }: ChaosJob, ctx) => {
  await new Promise((resolve) => setTimeout(resolve, pause));
  if (isPoison) process.kill(process.pid, "SIGKILL");
  // At once: what a stream still holds goes down with its process.
  writeSync(1, `${ctx.id}\n`);
});
const settings = { url, environment: "", reconnect: { initial: 20, max: 300 } };
const worker = new Worker({ jobs, concurrency: Number(concurrency), settings });
await worker.start();
writeSync(1, "ready\n");
