import { relative } from "node:path";
import process from "node:process";

import type { LogLevel } from "@logtape/logtape";
import { getLogLevels } from "@logtape/logtape";
import { Command, InvalidArgumentError, Option } from "commander";

import { BgtasksError } from "../errors.ts";
import type { ResolvedSettings, Settings } from "../settings.ts";
import { isLoopback, resolveSettings } from "../settings.ts";
import type { TaskModule } from "../tasks/register_tasks.ts";
import { registerTasks } from "../tasks/register_tasks.ts";
import { rpcTasks } from "../tasks/task_registry.ts";
import { VERSION } from "../version.ts";
import { Worker } from "../worker/worker.ts";
import { parseDuration } from "./duration.ts";
import { configureLogging } from "./logging.ts";
import { describeRuntime } from "./runtime.ts";
import { onStopSignal } from "./signals.ts";

interface WorkerCommandOptions {
  readonly tasks?: readonly string[];
  readonly concurrency: number;
  readonly drainTimeout?: number;
  readonly url?: string;
  readonly logLevel: LogLevel;
}

/** `bgtasks worker` */
export function workerCommand(): Command {
  return new Command("worker")
    .description("Serve the tasks of this project until SIGINT or SIGTERM.")
    .option(
      "-t, --tasks <glob>",
      "task modules to import; may be given several times (default: **/tasks.{ts,mts,js,mjs})",
      collect,
    )
    .option("-c, --concurrency <n>", "how many handlers run at a time", parseConcurrency, 100)
    .option(
      "-d, --drain-timeout <time>",
      "how long to wait for running handlers (default: 30s)",
      parseDuration,
    )
    .option("-u, --url <url>", "the broker (default: the environment's AMQP_URL, or localhost)")
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
  const modules = await registerTasks(options.tasks);
  if (rpcTasks.size === 0) throw noTasks(options, modules);
  const { concurrency, drainTimeout } = options;
  const worker = new Worker({ settings: explicit, concurrency, drainTimeout });
  onStopSignal((signal) => void stop(worker, signal));
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

async function stop(worker: Worker, signal: string): Promise<void> {
  const { running } = worker;
  print(
    `${signal}: waiting for ${running} running handler${running === 1 ? "" : "s"}; again to leave at once.`,
  );
  await worker.stop();
  print("Stopped.");
  // Task modules may hold databases and timers of their own that would keep the process.
  process.exit(0);
}

function describeStart(
  settings: ResolvedSettings,
  modules: readonly TaskModule[],
  concurrency: number,
): string {
  const hosts = settings.hosts
    .map(({ host, port, tls }) => `${host}:${port}${tls ? " (TLS)" : ""}`)
    .join(", ");
  const width = Math.max(...[...rpcTasks].map(({ route }) => route.length));
  const tasks = modules.flatMap(({ path, tasks }) =>
    tasks.map(({ route }) => `  ${route.padEnd(width)}  ${relative(process.cwd(), path)}`),
  );
  return [
    `bgtasks ${VERSION} worker on ${describeRuntime()}`,
    `broker       ${hosts}, virtual host "${settings.vhost}", user "${settings.username}"`,
    `concurrency  ${concurrency}`,
    `tasks        ${rpcTasks.size}`,
    ...tasks,
  ].join("\n");
}

function noTasks({ tasks }: WorkerCommandOptions, modules: readonly TaskModule[]): BgtasksError {
  const found =
    modules.length === 0
      ? `no file matches ${(tasks ?? ["**/tasks.{ts,mts,js,mjs}"]).join(", ")} below ${process.cwd()}`
      : `these modules register none with rpcTasks(): ${modules.map(({ path }) => path).join(", ")}. ` +
        'If they do, they use another copy of bgtasks: is "type": "module" missing in package.json?';
  return new BgtasksError("no_tasks", `Cannot start a worker without tasks: ${found}`);
}

function parseConcurrency(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw new InvalidArgumentError("It must be a whole number from 1 to 65535.");
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
