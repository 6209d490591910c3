import process from "node:process";

import type { Command } from "commander";

import type { DeadLetter } from "../../jobs/dead_letter.ts";
import type { JobError } from "../../jobs/job_error.ts";
import { onOneLine } from "../../messages/printable.ts";
import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";
import { columns, count, printable } from "../terminal/output.ts";
import type { Paint } from "../terminal/paint.ts";
import { paintFor } from "../terminal/paint.ts";
import type { JobAction, JobActionResult } from "./job_action.ts";
import { runJobAction } from "./job_action.ts";
import type { LetterOptions } from "./letter_arguments.ts";
import { describeOwner, findLetters, letterCommand, limitOption } from "./letter_arguments.ts";

const DEFAULT_LIMIT = 100;

/** How much of an input is shown to people, in characters. */
const MAX_SHOWN = 300;

/** `bgtasks jobs dead` */
export function deadCommand(): Command {
  return letterCommand("dead", "List the dead letters of a route, the oldest first. They stay.")
    .addOption(limitOption("how many at most").default(DEFAULT_LIMIT))
    .addHelpText(
      "after",
      `
Examples:
  $ bgtasks jobs dead images.resize
  $ bgtasks jobs dead images.resize --limit 1000 --json | jq -r '.letters[].id'
  $ bgtasks jobs dead --lost

JSON has the whole input, the headers and where the error was thrown, too.
Exit codes: 0 listed, 1 failed, 2 wrong usage, 3 no broker, 4 no such route.`,
    )
    .action(run);
}

async function run(
  route: string | undefined,
  { lost = false, limit = DEFAULT_LIMIT, ...options }: LetterOptions,
): Promise<void> {
  if (lost === (route !== undefined)) {
    const rule = lost ? "either a route or --lost, not both" : "a route, or --lost";
    throw new CommandFailure(ExitCode.USAGE, `Cannot list dead letters: name ${rule}`);
  }
  await runJobAction("look at dead letters", options, (action) =>
    listLetters(action, route, limit),
  );
}

/** @param route undefined for those that were lost */
export async function listLetters(
  action: JobAction,
  route: string | undefined,
  limit: number,
): Promise<JobActionResult> {
  const { letters, total } = await findLetters("look at", action, route);
  const listed = await letters.list({ limit });
  const paint = paintFor(process.stdout);
  const texts = listed.map((letter) => describeLetter(letter, paint));
  return {
    report: { route: route ?? null, total, letters: listed },
    text: texts.length > 0 ? texts.join("\n\n") : undefined,
    aside: describeTotal(listed.length, total, route),
  };
}

function describeTotal(shown: number, total: number, route: string | undefined): string {
  const owner = describeOwner(route);
  if (shown >= total) return `${count(shown, "dead letter")} ${owner}`;
  return `${shown} of ${count(total, "dead letter")} ${owner}: --limit shows more`;
}

/** A letter for people. All that is in it may come from a peer. */
function describeLetter(letter: DeadLetter, paint: Paint): string {
  const { id, queue, reason, error, attempts, firstSentAt, deadAt } = letter;
  const rows: [string, string][] = [["attempts", String(attempts)]];
  if (error) rows.push(["error", describeError(error)]);
  if (error?.worker !== undefined) rows.push(["worker", onOneLine(error.worker)]);
  if (firstSentAt !== undefined) rows.push(["sent", describeTime(firstSentAt)]);
  if (deadAt !== undefined) rows.push(["dead", describeTime(deadAt)]);
  if (reason === "unrouted") rows.push(["queue", onOneLine(queue ?? "not known")]);
  rows.push(["input", describeInput(letter)]);
  const title = `${paint("bold", onOneLine(id) || "without an id")}  ${paint("yellow", reason)}`;
  return `${title}\n${columns(rows)}`;
}

function describeError({ name, code, message }: JobError): string {
  const what = code === undefined ? name : `${name} (${code})`;
  return printable(`${what}: ${message}`);
}

function describeTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function describeInput({ text, byteLength }: DeadLetter): string {
  if (text === undefined) return `${byteLength} bytes that are not text, or too many to be read`;
  const shown = onOneLine(text.slice(0, MAX_SHOWN));
  return text.length > MAX_SHOWN ? `${shown}… (${byteLength} bytes)` : shown;
}
