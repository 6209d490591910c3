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
import { findTasks } from "../project/found_tasks.ts";
import { jsonOption, tasksOption, urlOption } from "../terminal/options.ts";
import { columns, count, print, printAside } from "../terminal/output.ts";
import type { Paint } from "../terminal/paint.ts";
import { paintFor } from "../terminal/paint.ts";
import type { SchemaSummary } from "../schemas/schema_summary.ts";
import { summarizeSchema } from "../schemas/schema_summary.ts";
import { namesBroker } from "../project/settings_report.ts";

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
  readonly queue?: { readonly messages: number; readonly consumers: number } | null;
}

type Queues = ReadonlyMap<string, NonNullable<RouteReport["queue"]> | null>;

/** `bgtasks routes` */
export function routesCommand(): Command {
  return new Command("routes")
    .description("List the tasks found here, with their schemas and how their queues stand.")
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
  const found = await findTasks(tasks, "list routes");
  const wanted = broker ?? namesBroker(explicit);
  const queues = wanted ? await askBroker(found, explicit, broker === true) : undefined;
  const reports = found.map((task) => report(task, queues));
  if (!wanted && broker === undefined && !json)
    await printAside("No broker is named, so queues are not shown: --broker asks for them.");
  if (json) await print(JSON.stringify({ tasks: reports }, null, 2));
  else await print(reports.map((task) => describe(task, paintFor(process.stdout))).join("\n\n"));
  process.exit(ExitCode.OK);
}

/** How the routes' queues stand; undefined when the broker cannot be asked and does not have to. */
async function askBroker(
  found: readonly FoundTask[],
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
    const queues = new Map<string, NonNullable<RouteReport["queue"]> | null>();
    for (const { task } of found) {
      const { route } = task;
      const queue = await inspection.findQueue(route);
      if (queue.kind === "exclusive elsewhere") throw isExclusive(route);
      if (queue.kind === "missing") queues.set(route, null);
      else queues.set(route, { messages: queue.messages, consumers: queue.consumers });
    }
    return queues;
  } catch (error) {
    const { message, exitCode } = explainFailure(error, settings);
    if (required) throw new CommandFailure(exitCode, message);
    await printAside(`${message.split("\n")[0]}; listed without it.\n`);
    return undefined;
  }
}

function isExclusive(route: string): BgtasksError {
  const why = "it belongs to another connection alone";
  return new BgtasksError("broker_refused", `Cannot look at the queue "${route}", because ${why}`);
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

function describeSchema(summary: SchemaSummary | null): string {
  if (!summary) return "not checked";
  return summary.type ?? `a schema of ${summary.vendor}`;
}

function describeQueue(queue: NonNullable<RouteReport["queue"]> | null, paint: Paint): string {
  if (!queue) return paint("yellow", "none on the broker yet: its worker has never run");
  const { messages, consumers } = queue;
  const text = `${messages} waiting, ${count(consumers, "consumer")}`;
  return consumers === 0 ? paint("yellow", text) : text;
}
