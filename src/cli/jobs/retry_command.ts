import type { Command } from "commander";

import { ExitCode } from "../terminal/exit_code.ts";
import { count } from "../terminal/output.ts";
import type { JobAction, JobActionResult } from "./job_action.ts";
import type { NamedLetters } from "./letter_arguments.ts";
import {
  allOption,
  describeOwner,
  findLetters,
  letterCommand,
  limitOption,
  onLetters,
} from "./letter_arguments.ts";

/** `bgtasks jobs retry` */
export function retryCommand(): Command {
  return letterCommand("retry", "Send dead jobs to their queue again, with all their attempts.")
    .argument("[ids...]", "the ids of the jobs")
    .addOption(limitOption("that many at most, the oldest first").conflicts("all"))
    .addOption(allOption("all that are there now"))
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks jobs retry images.resize resize-7 resize-9
  $ bgtasks jobs retry images.resize --limit 10
  $ bgtasks jobs retry images.resize --all

A job keeps its id. It may run twice when the connection drops in between.
Exit codes: 0 retried, 1 not all that were meant: an id is not there, or a job cannot be sent again,
2 wrong usage, 3 no broker, 4 no such route, 5 not confirmed in time.`,
    )
    .action(onLetters("retry", "--limit <n> or --all", retryLetters));
}

/** Retries the letters that are meant. */
export async function retryLetters(
  action: JobAction,
  { route, choice }: NamedLetters,
): Promise<JobActionResult> {
  const { letters } = await findLetters("retry", action, route);
  const { retried, left } = await letters.retry(choice);
  const { ids = [], limit = Infinity } = choice;
  const absent = Math.max(0, Math.min(ids.length, limit) - retried - left);
  const asides: string[] = [];
  if (left > 0) asides.push(`${left} stayed: they cannot be sent again, or their queue is gone`);
  if (absent > 0) asides.push(`${absent} of ${count(ids.length, "id")} not found`);
  return {
    report: { route: route ?? null, retried, left },
    text: `${count(retried, "dead letter")} ${describeOwner(route)} retried`,
    aside: asides.length > 0 ? asides.join("\n") : undefined,
    exitCode: left + absent > 0 ? ExitCode.FAILED : ExitCode.OK,
  };
}
