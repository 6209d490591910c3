import process from "node:process";

import type { LogLevel } from "@logtape/logtape";
import { getLogLevels } from "@logtape/logtape";
import { Command, InvalidArgumentError, Option } from "commander";

import { BgtasksError } from "../errors.ts";
import type { ResolvedSettings, Settings } from "../settings.ts";
import { isLoopback, resolveSettings } from "../settings.ts";
import type { TaskModule } from "../tasks/register_tasks.ts";

import { rpcTasks } from "../tasks/task_registry.ts";
import { VERSION } from "../version.ts";
import { Worker } from "../worker/worker.ts";
import { describeBroker } from "./broker_address.ts";
import { DrainProgress } from "./drain_progress.ts";
import { parseDuration } from "./duration.ts";
import { listTasks, noTasks } from "./found_tasks.ts";
import { loadTasks } from "./load_tasks.ts";
import { configureLogging } from "./logging.ts";
import { tasksOption, urlOption } from "./options.ts";
import { describeRuntime } from "./runtime.ts";
import { onStopSignal } from "./signals.ts";

interface WorkerCommandOptions {
  readonly tasks?: readonly string[];
  readonly concurrency: number;
  readonly drainTimeout: number;
  readonly url?: string;
  readonly logLevel: LogLevel;
}

/** `bgtasks worker` */
export function workerCommand(): Command {
  return new Command("worker")
    .description("Serve the tasks of this project until SIGINT or SIGTERM.")
    .addOption(tasksOption())
    .option("-c, --concurrency <n>", "how many handlers run at a time", parseConcurrency, 100)
    .addOption(
      new Option("-d, --drain-timeout <time>", "how long to wait for running handlers")
        .argParser(parseDuration)
        .default(30_000, "30s"),
    )
    .addOption(urlOption())
    .addOption(
      new Option("-l, --log-level <level>", "the least important messages to log")
        .choices(getLogLevels())
        .default("info"),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks worker
  $ bgtasks worker --tasks "services/*/tasks.ts" --concurrency 20 --drain-timeout 1m
  $ AMQP_URL=amqp://user:password@broker.example/vhost bgtasks worker

The first SIGINT or SIGTERM drains: running handlers finish, the rest of the requests goes back to the
broker. The second leaves at once. Exit codes: 0 stopped, 1 failed, 2 wrong usage, 130 or 143 left at once.`,
    )
    .action(run);
}

async function run(options: WorkerCommandOptions): Promise<void> {
  await configureLogging(options.logLevel);
  const explicit: Settings = { url: options.url };
  const settings = resolveSettings(explicit);
  if (isLoopback(settings)) {
    const rule = 'the environment is "test", and its loopback serves no other process';
    throw new BgtasksError(
      "loopback_worker",
      `Cannot start a worker as ${rule}. Unset ENVIRONMENT.`,
    );
  }
  const modules = await loadTasks(options.tasks);
  if (rpcTasks.size === 0) throw noTasks("start a worker", options.tasks, modules);
  const { concurrency, drainTimeout } = options;
  const worker = new Worker({ settings: explicit, concurrency, drainTimeout });
  onStopSignal((signal) => void stop(worker, signal, drainTimeout));
  print(describeStart(settings, modules, concurrency));
  await worker.start();
  print("Ready. Ctrl-C drains and stops.");
  try {
    await worker.finished;
  } catch (error) {
    await worker.stop();
    throw error;
  }
}

async function stop(worker: Worker, signal: string, drainTimeout: number): Promise<void> {
  const { running } = worker;
  print(
    `${signal}: waiting for ${running} running handler${running === 1 ? "" : "s"}; again to leave at once.`,
  );
  const progress = new DrainProgress(process.stdout, () => worker.running, drainTimeout);
  await worker.stop();
  progress[Symbol.dispose]();
  print("Stopped.");
  // Task modules may hold databases and timers of their own that would keep the process.
  process.exit(0);
}

function describeStart(
  settings: ResolvedSettings,
  modules: readonly TaskModule[],
  concurrency: number,
): string {
  const width = Math.max(...[...rpcTasks].map(({ route }) => route.length));
  const tasks = listTasks(modules).map(
    ({ task, file }) => `  ${task.route.padEnd(width)}  ${file}`,
  );
  return [
    `bgtasks ${VERSION} worker on ${describeRuntime()}`,
    `broker       ${describeBroker(settings)}`,
    `concurrency  ${concurrency}`,
    `tasks        ${rpcTasks.size}`,
    ...tasks,
  ].join("\n");
}

function parseConcurrency(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw new InvalidArgumentError("It must be a whole number from 1 to 65535.");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
