import process from "node:process";

import { getLogLevels } from "@logtape/logtape";
import { Command, InvalidArgumentError, Option } from "commander";

import { parseDuration } from "../terminal/duration.ts";
import { collect, tasksOption, urlOption } from "../terminal/options.ts";
import { serve } from "./serve.ts";
import { supervise } from "./watch_and_serve.ts";
import { takeSupervision } from "./process_messages.ts";
import type { WorkerCommandOptions } from "./worker_options.ts";

/**
 * `bgtasks worker`
 *
 * @param main where the program was loaded from, to run it in further processes
 */
export function workerCommand(main: string): Command {
  return new Command("worker")
    .description("Serve the tasks of this project until SIGINT or SIGTERM.")
    .addOption(tasksOption())
    .option("-c, --concurrency <n>", "how many handlers run at a time", parseConcurrency, 100)
    .addOption(
      new Option("-d, --drain-timeout <time>", "how long to wait for running handlers")
        .argParser(parseDuration)
        .default(30_000, "30s"),
    )
    .option(
      "-p, --processes <n>",
      "serve in that many processes, and start crashed ones again",
      parseProcesses,
    )
    .option("-w, --watch", "start anew when sources change, without the modules that fail")
    .addOption(urlOption())
    .option(
      "-n, --name <name>",
      "what the broker calls this worker (default: AMQP_NAME, or the name in package.json)",
    )
    .addOption(
      new Option(
        "--allow-reply-to <prefix>",
        "further reply queues that callers may name; may be given several times (default: AMQP_ALLOW_REPLY_TO)",
      ).argParser(collect),
    )
    .addOption(
      new Option("-l, --log-level <level>", "the least important messages to log")
        .choices(getLogLevels())
        .default("info"),
    )
    .addOption(
      new Option("--log-format <format>", "text for people, or json, a line for each message")
        .choices(["text", "json"])
        .default("text"),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks worker
  $ bgtasks worker --tasks "services/*/tasks.ts" --concurrency 20 --drain-timeout 1m
  $ bgtasks worker --watch
  $ bgtasks worker --processes 4
  $ bgtasks worker --log-level debug --log-format json
  $ AMQP_URL=amqp://user:password@broker.example/vhost bgtasks worker

The first SIGINT or SIGTERM drains: running handlers finish, the rest of the requests goes back to the
broker. The second leaves at once. Exit codes: 0 stopped, 1 failed, 2 wrong usage, 130 or 143 left at once.`,
    )
    .action((options: WorkerCommandOptions) => run(options, main));
}

async function run(options: WorkerCommandOptions, main: string): Promise<void> {
  const supervision = takeSupervision();
  const isSupervisor = options.watch || options.processes !== undefined;
  if (supervision || !isSupervisor) await serve(options, supervision);
  else process.exit(await supervise(options, main));
}

function parseConcurrency(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw new InvalidArgumentError("It must be a whole number from 1 to 65535.");
}

function parseProcesses(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 1_024) return value;
  throw new InvalidArgumentError("It must be a whole number from 1 to 1024.");
}
