import process from "node:process";

import { Command } from "commander";

import { openInspector } from "../../job_composition.ts";
import { checkJobRoute } from "../../jobs/job_queues.ts";
import { quote } from "../../messages/printable.ts";
import { didYouMean } from "../../options/option_rules.ts";
import { findJobs } from "../project/found_tasks.ts";
import { ExitCode } from "../terminal/exit_code.ts";
import { jsonOption, tasksOption, urlOption } from "../terminal/options.ts";
import { columns, count, printable } from "../terminal/output.ts";
import type { Paint } from "../terminal/paint.ts";
import { paintFor } from "../terminal/paint.ts";
import { table } from "../terminal/table.ts";
import type { JobAction, JobActionOptions, JobActionResult } from "./job_action.ts";
import { runJobAction } from "./job_action.ts";
import type { JobCounts } from "./job_counts.ts";
import { countJobs } from "./job_counts.ts";

interface ListCommandOptions extends JobActionOptions {
  readonly tasks?: readonly string[];
}

/** `bgtasks jobs list` */
export function listCommand(): Command {
  return new Command("list")
    .description(
      "Tell how the jobs of these routes stand, or those of the task modules found here.",
    )
    .argument("[routes...]", "routes of jobs; their code need not be here")
    .addOption(tasksOption())
    .addOption(urlOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks jobs
  $ bgtasks jobs images.resize mails.send
  $ bgtasks jobs --json | jq '.jobs[] | select(.dead > 0)'

A job that runs is in none of these numbers: only the broker's administrator can count those.
Exit codes: 0 listed, 1 no jobs found here, or a task module fails, 2 wrong usage, 3 no broker,
4 a route that was named has no queue.`,
    )
    .action(run);
}

async function run(named: readonly string[], options: ListCommandOptions): Promise<void> {
  const found = named.length > 0 ? named : await findRoutes(options.tasks);
  const routes = [...new Set(found)];
  await runJobAction("look at jobs", options, (action) =>
    listJobs(action, routes, named.length > 0),
  );
}

async function findRoutes(globs: readonly string[] | undefined): Promise<readonly string[]> {
  const found = await findJobs(globs, "look at jobs");
  return found.map(({ job }) => job.route);
}

/** @param isNamed whether it is a mistake when a route has no queue */
export async function listJobs(
  { settings }: JobAction,
  routes: readonly string[],
  isNamed: boolean,
): Promise<JobActionResult> {
  for (const route of routes) checkJobRoute(route);
  const counts = await countJobs(await openInspector(settings), routes);
  const isMissing = isNamed && counts.jobs.some(({ waiting }) => waiting === null);
  return {
    report: { ...counts },
    text: describeCounts(counts, paintFor(process.stdout)),
    aside: isMissing ? suspectCommand(counts) : undefined,
    exitCode: isMissing ? ExitCode.NO_ROUTE : ExitCode.OK,
  };
}

/** A command that is misspelled is a route without a queue. */
function suspectCommand({ jobs: [first] }: JobCounts): string | undefined {
  if (first?.waiting !== null) return undefined;
  const command = didYouMean(first.route, ["list", "send", "dead", "retry", "discard"]);
  return command === "" ? undefined : `${quote(first.route)} is taken for a route${command}`;
}

/** A table of the routes, and what belongs to all of them. */
function describeCounts({ jobs, delayed, lost }: JobCounts, paint: Paint): string {
  const [head = "", ...lines] = table([
    ["route", "waiting", "workers", "dead"],
    ...jobs.map(({ route, waiting, workers, dead }) => [
      printable(route),
      ...[waiting, workers, dead].map((number) => (number === null ? "-" : String(number))),
    ]),
  ]);
  const rows: [string, string][] = [["delayed", `${count(delayed, "job")} of all routes`]];
  if (lost > 0) {
    const why = "whose queue was gone when they were due: bgtasks jobs dead --lost";
    rows.push(["lost", paint("yellow", `${count(lost, "job")} ${why}`)]);
  }
  if (jobs.some(({ waiting }) => waiting === null))
    rows.push(["-", "the broker has no such queue: no worker with this job was ever started"]);
  const painted = lines.map((line, index) => {
    const { waiting, workers, dead } = jobs[index] ?? {};
    const isUnserved = waiting !== 0 && workers === 0;
    return isUnserved || waiting === null || (dead ?? 0) > 0 ? paint("yellow", line) : line;
  });
  return [paint("bold", head), ...painted, "", columns(rows, "")].join("\n");
}
