import process from "node:process";

import { BgtasksError } from "../../errors.ts";
import type { ResolvedSettings, Settings } from "../../settings/settings.ts";
import { isLoopback, resolveSettings } from "../../settings/settings.ts";
import { jobTasks } from "../../jobs/job_registry.ts";
import { rpcTasks } from "../../tasks/task_registry.ts";
import { VERSION } from "../../version.ts";
import { Worker } from "../../worker/worker.ts";
import { byteLength } from "../../messages/byte_length.ts";
import { describeBroker } from "../project/broker_address.ts";
import { readProjectInfo } from "../docs/project_info.ts";
import { DrainProgress } from "../terminal/drain_progress.ts";
import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";
import type { Found } from "../project/found_tasks.ts";
import { listJobs, listTasks, noTasks } from "../project/found_tasks.ts";
import { loadTasks } from "../project/load_tasks.ts";
import { configureLogging } from "../terminal/logging.ts";
import { columns, count, print } from "../terminal/output.ts";
import { describeRuntime } from "../project/runtime.ts";
import { onStopSignal } from "../terminal/signals.ts";
import { loadWhatLoads } from "./load_modules.ts";
import type { Supervision } from "./process_messages.ts";
import { onDrainOrder, report } from "./process_messages.ts";
import type { WorkerCommandOptions } from "./worker_options.ts";

/** Longer ones are not a connection's name. */
const MAX_NAME_BYTES = 200;

/** Serves in this process, until a signal or its supervisor asks it to stop. */
export async function serve(
  options: WorkerCommandOptions,
  supervision: Supervision | undefined,
): Promise<void> {
  const { concurrency, drainTimeout, logLevel, logFormat, url, allowReplyTo } = options;
  const name = options.name ?? (await projectName());
  const explicit: Settings = { url, name, allowReplyTo };
  const settings = resolveSettings(explicit);
  refuseLoopback(settings);
  const stopping = new AbortController();
  if (supervision) {
    // A terminal's signal comes to all processes; the supervisor tells when to leave at once.
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stopping.abort());
    onDrainOrder(() => stopping.abort());
  }
  const found = await load(options, settings, supervision);
  // After the task modules: what they say about logging holds.
  await configureLogging({ logLevel, logFormat, process: numberOf(supervision) });
  if (stopping.signal.aborted) process.exit(ExitCode.OK);
  const worker = new Worker({ settings: explicit, concurrency, drainTimeout });
  if (supervision) {
    stopping.signal.addEventListener("abort", () => void drain(worker));
  } else {
    onStopSignal((signal) => {
      stopping.abort();
      void drainInSight(worker, signal, drainTimeout);
    });
    await print(describeStart(settings, found, options));
  }
  try {
    await worker.start();
    if (supervision) report({ state: "ready" });
    else await print("Ready. Ctrl-C drains and stops.");
    await worker.finished;
  } catch (error) {
    // A drain ends the process by itself, also of a worker that never got to the broker.
    if (stopping.signal.aborted) return;
    await worker.stop();
    throw error;
  }
}

/** What the broker calls this worker, where neither option nor environment says: the project's name. */
async function projectName(): Promise<string | undefined> {
  if (resolveSettings().name !== "bgtasks") return undefined;
  const { title } = await readProjectInfo(process.cwd());
  return byteLength(title) <= MAX_NAME_BYTES ? title : undefined;
}

/** Imports the task modules, and tells the supervisor what came of it. */
async function load(
  options: WorkerCommandOptions,
  settings: ResolvedSettings,
  supervision: Supervision | undefined,
): Promise<Found> {
  const modules = supervision?.watch
    ? await loadWhatLoads(options.tasks)
    : { modules: await loadTasks(options.tasks), failures: [], files: [] };
  const found = { tasks: listTasks(modules.modules), jobs: listJobs(modules.modules) };
  const { failures, files } = modules;
  if (supervision) {
    const banner = describeStart(settings, found, options, supervision);
    const routes = [...rpcTasks, ...jobTasks].map(({ route }) => route);
    report({ state: "loaded", banner, routes, failures, files });
  }
  if (rpcTasks.size + jobTasks.size > 0) return found;
  if (failures.length === 0) throw await noTasks("start a worker", options.tasks, modules.modules);
  throw new CommandFailure(ExitCode.FAILED, "Cannot start a worker as no task module is left");
}

async function drain(worker: Worker): Promise<void> {
  await worker.stop();
  // Task modules may hold databases and timers of their own that would keep the process.
  process.exit(ExitCode.OK);
}

async function drainInSight(worker: Worker, signal: string, drainTimeout: number): Promise<void> {
  const handlers = count(worker.running, "running handler");
  await print(`${signal}: waiting for ${handlers}; again to leave at once.`);
  const progress = new DrainProgress(process.stdout, () => worker.running, drainTimeout);
  await worker.stop();
  progress[Symbol.dispose]();
  await print("Stopped.");
  process.exit(ExitCode.OK);
}

function refuseLoopback(settings: ResolvedSettings): void {
  if (!isLoopback(settings)) return;
  const rule = 'the environment is "test", and its loopback serves no other process';
  throw new BgtasksError("loopback_worker", `Cannot start a worker as ${rule}. Unset ENVIRONMENT.`);
}

function describeStart(
  settings: ResolvedSettings,
  { tasks, jobs }: Found,
  { concurrency }: WorkerCommandOptions,
  { processes }: { readonly processes: number } = { processes: 1 },
): string {
  const lines = (found: readonly (readonly [string, string])[]): string[] =>
    found.length > 0 ? [columns(found)] : [];
  const each = processes > 1 ? ` in each of ${processes} processes` : "";
  return [
    `bgtasks ${VERSION} worker on ${describeRuntime()}`,
    `broker       ${describeBroker(settings)}`,
    `concurrency  ${concurrency}${each}`,
    `tasks        ${tasks.length}`,
    ...lines(tasks.map(({ task, file }) => [task.route, file])),
    ...(jobs.length > 0 ? [`jobs         ${jobs.length}`] : []),
    ...lines(jobs.map(({ job, file }) => [job.route, file])),
  ].join("\n");
}

/** Which of several processes this is; undefined for the only one. */
function numberOf(supervision: Supervision | undefined): number | undefined {
  if (!supervision || supervision.processes === 1) return undefined;
  return supervision.process;
}
