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
  onLetters,
} from "./letter_arguments.ts";

/** `bgtasks jobs discard` */
export function discardCommand(): Command {
  return letterCommand("discard", "Delete dead letters for good.")
    .argument("[ids...]", "the ids of the jobs")
    .addOption(allOption("all that are there now"))
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks jobs discard images.resize resize-7 resize-9
  $ bgtasks jobs dead images.resize --json > letters.json && bgtasks jobs discard images.resize --all

Nothing brings them back.
Exit codes: 0 deleted, 1 an id is not there, 2 wrong usage, 3 no broker, 4 no such route.`,
    )
    .action(onLetters("discard", "--all", discardLetters));
}

/** Deletes the letters that are meant. */
export async function discardLetters(
  action: JobAction,
  { route, choice }: NamedLetters,
): Promise<JobActionResult> {
  const { letters } = await findLetters("discard", action, route);
  const { discarded } = await letters.discard(choice);
  const { ids = [] } = choice;
  const absent = Math.max(0, ids.length - discarded);
  return {
    report: { route: route ?? null, discarded },
    text: `${count(discarded, "dead letter")} ${describeOwner(route)} discarded`,
    aside: absent > 0 ? `${absent} of ${count(ids.length, "id")} not found` : undefined,
    exitCode: absent > 0 ? ExitCode.FAILED : ExitCode.OK,
  };
}
