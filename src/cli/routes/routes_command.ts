import process from "node:process";

import { Command, Option } from "commander";

import { BgtasksError } from "../../errors.ts";
import type { Schema } from "../../schema/schema.ts";
import type { Settings } from "../../settings/settings.ts";
import { isLoopback, resolveSettings } from "../../settings/settings.ts";
import type { TaskOptions } from "../../tasks/rpc_task.ts";
import { explainFailure } from "../project/explain_failure.ts";
import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";
import type { FoundTask } from "../project/found_tasks.ts";
import { findTasksAndJobs } from "../project/found_tasks.ts";
import { jsonOption, tasksOption, urlOption } from "../terminal/options.ts";
import { columns, print, printAside } from "../terminal/output.ts";
import type { Paint } from "../terminal/paint.ts";
import { paintFor } from "../terminal/paint.ts";
import type { SchemaSummary } from "../schemas/schema_summary.ts";
import { describeSchema, summarizeSchema } from "../schemas/schema_summary.ts";
import { namesBroker } from "../project/settings_report.ts";
import { describeJob, queuesOfJob, reportJob } from "./job_report.ts";
import type { QueueReport, Queues } from "./queue_report.ts";
import { describeQueue } from "./queue_report.ts";

interface RoutesCommandOptions {
  readonly tasks?: readonly string[];
  readonly broker?: boolean;
  readonly url?: string;
  readonly json?: boolean;
}

/** A task as it is listed. `null` is what there is none of, for JSON's sake. */
interface RouteReport {
  readonly route: string;
  readonly file: string;
  readonly input: SchemaSummary | null;
  readonly output: SchemaSummary | null;
  readonly options: Omit<TaskOptions, "input" | "output">;
  /** Absent when no broker was asked; `null` when it has no such queue. */
  readonly queue?: QueueReport | null;
}

/** `bgtasks routes` */
export function routesCommand(): Command {
  return new Command("routes")
    .description(
      "List the tasks and jobs found here, with their schemas and how their queues stand.",
    )
    .addOption(tasksOption())
    .addOption(
      new Option(
        "-b, --broker",
        "ask the broker, and fail without it (default: ask if a broker is named and answers)",
      ),
    )
    .addOption(new Option("--no-broker", "do not ask the broker"))
    .addOption(urlOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks routes
  $ bgtasks routes --broker --tasks "services/*/tasks.ts"
  $ bgtasks routes --json | jq '.tasks[].route'

valibot's schemas are shown as types, other libraries' too where they offer a JSON Schema.
Exit codes: 0 listed, 1 no tasks found, or one of their modules fails, 2 wrong usage, 3 no broker.`,
    )
    .action(run);
}

async function run({ tasks, broker, url, json }: RoutesCommandOptions): Promise<void> {
  const explicit: Settings = { url };
  const found = await findTasksAndJobs(tasks, "list routes");
  const wanted = broker ?? namesBroker(explicit);
  const names = [...found.tasks.map(({ task }) => task.route), ...found.jobs.flatMap(queuesOfJob)];
  const queues = wanted ? await askBroker(names, explicit, broker === true) : undefined;
  const reports = found.tasks.map((task) => report(task, queues));
  const jobs = found.jobs.map((job) => reportJob(job, queues));
  if (!wanted && broker === undefined && !json)
    await printAside("No broker is named, so queues are not shown: --broker asks for them.");
  const paint = paintFor(process.stdout);
  const texts = [
    ...reports.map((task) => describe(task, paint)),
    ...jobs.map((job) => describeJob(job, paint)),
  ];
  if (json) await print(JSON.stringify({ tasks: reports, jobs }, null, 2));
  else await print(texts.join("\n\n"));
  process.exit(ExitCode.OK);
}

/** How queues stand; undefined when the broker cannot be asked and does not have to. */
async function askBroker(
  names: readonly string[],
  explicit: Settings,
  required: boolean,
): Promise<Queues | undefined> {
  const settings = resolveSettings(explicit);
  if (isLoopback(settings)) {
    if (!required) return undefined;
    const why = 'the environment is "test", which uses none. Unset ENVIRONMENT.';
    throw new CommandFailure(ExitCode.NO_BROKER, `Cannot ask the broker as ${why}`);
  }
  const { BrokerInspection } = await import("../../transport/amqp/topology/broker_inspection.ts");
  try {
    await using inspection = await BrokerInspection.openAny(settings);
    const queues = new Map<string, QueueReport | null>();
    for (const name of names) {
      const queue = await inspection.findQueue(name);
      if (queue.kind === "exclusive elsewhere") throw isExclusive(name);
      if (queue.kind === "missing") queues.set(name, null);
      else queues.set(name, { messages: queue.messages, consumers: queue.consumers });
    }
    return queues;
  } catch (error) {
    const { message, exitCode, error: report } = explainFailure(error, settings);
    if (required) throw new CommandFailure(exitCode, message, report);
    await printAside(`${message.split("\n")[0]}; listed without it.\n`);
    return undefined;
  }
}

function isExclusive(name: string): BgtasksError {
  const why = "it belongs to another connection alone";
  return new BgtasksError("broker_refused", `Cannot look at the queue "${name}", because ${why}`);
}

function report({ task, file }: FoundTask, queues: Queues | undefined): RouteReport {
  const { input, output, ...options } = task.options;
  const queue = queues?.get(task.route);
  return {
    route: task.route,
    file,
    input: summarize(input, "input"),
    output: summarize(output, "output"),
    options,
    ...(queue === undefined ? {} : { queue }),
  };
}

function summarize(schema: Schema | undefined, side: "input" | "output"): SchemaSummary | null {
  return schema ? summarizeSchema(schema, side) : null;
}

function describe(task: RouteReport, paint: Paint): string {
  const { concurrency, timeout, queue, description } = task.options;
  const rows: [string, string][] = [["input", describeSchema(task.input)]];
  if (description !== undefined) rows.unshift(["does", description]);
  if (task.output) rows.push(["output", describeSchema(task.output)]);
  if (concurrency !== undefined) rows.push(["concurrency", String(concurrency)]);
  if (timeout !== undefined) rows.push(["timeout", `${timeout} ms`]);
  if (queue) rows.push(["declared", JSON.stringify(queue)]);
  if (task.queue !== undefined) rows.push(["queue", describeQueue(task.queue, paint)]);
  return `${paint("bold", task.route)}  ${paint("dim", task.file)}\n${columns(rows)}`;
}
