import { Command, InvalidArgumentError, Option } from "commander";

import { openInspector } from "../../job_composition.ts";
import { NoRouteError } from "../../errors.ts";
import type { DeadLetters } from "../../jobs/dead_letters.ts";
import { LOST_QUEUE } from "../../jobs/delay_ladder.ts";
import { deadQueueName, jobQueueName } from "../../jobs/job_queues.ts";
import type { LetterChoice } from "../../jobs/letter_choice.ts";
import { CommandFailure, ExitCode } from "../terminal/exit_code.ts";
import { jsonOption, urlOption } from "../terminal/options.ts";
import type { JobAction, JobActionOptions, JobActionResult } from "./job_action.ts";
import { runJobAction } from "./job_action.ts";

/** Options of what is done to dead letters. */
export interface LetterOptions extends JobActionOptions {
  readonly lost?: boolean;
  readonly all?: boolean;
  readonly limit?: number;
}

/** Whose dead letters, and which of them. */
export interface NamedLetters {
  /** Undefined for those that were lost. */
  readonly route: string | undefined;
  readonly choice: LetterChoice;
}

/** A command about the dead letters of a route. */
export function letterCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("[route]", "the job's route; its code need not be here")
    .option("--lost", "in place of a route: jobs that were delayed, and whose queue was gone then")
    .addOption(urlOption())
    .addOption(jsonOption());
}

/** `--all`, for what is not done to all unless that is asked for. */
export function allOption(what: string): Option {
  return new Option("--all", what);
}

/** `--limit` */
export function limitOption(what: string): Option {
  return new Option("-l, --limit <n>", what).argParser(parseLimit);
}

/**
 * Reads which letters are meant.
 *
 * @param action e.g. `retry`
 * @param choices the options that say how many, for the message, e.g. `--limit <n> or --all`
 * @throws CommandFailure when it is not said, so that nothing happens to all of them by chance
 */
export function takeLetters(
  action: string,
  route: string | undefined,
  named: readonly string[],
  { lost = false, all = false, limit }: LetterOptions,
  choices: string,
): NamedLetters {
  const ids = lost && route !== undefined ? [route, ...named] : named;
  if (!lost && route === undefined)
    refuse(`Cannot ${action} dead letters without a route, or --lost`);
  if (ids.includes(""))
    refuse(`Cannot ${action} dead letters by an empty id: is a variable unset?`);
  if (all && ids.length > 0)
    refuse(
      `Cannot ${action} both all dead letters and those that are named: leave out one of them`,
    );
  if (!all && limit === undefined && ids.length === 0)
    refuse(`Cannot tell which dead letters to ${action}: name their ids, or say ${choices}`);
  return {
    route: lost ? undefined : route,
    choice: {
      ...(ids.length > 0 && { ids: [...new Set(ids)] }),
      ...(limit !== undefined && { limit }),
    },
  };
}

/**
 * What a command does with the letters that its arguments mean.
 *
 * @param action e.g. `retry`
 * @param choices the options that say how many, for messages
 */
export function onLetters(
  action: string,
  choices: string,
  work: (action: JobAction, named: NamedLetters) => Promise<JobActionResult>,
): (route: string | undefined, ids: readonly string[], options: LetterOptions) => Promise<void> {
  return async (route, ids, options) => {
    const named = takeLetters(action, route, ids, options, choices);
    await runJobAction(`${action} dead letters`, options, (job) => work(job, named));
  };
}

/**
 * The dead letters of a route, and how many there are.
 *
 * @throws NoRouteError when the broker has no queue for them
 */
export async function findLetters(
  action: string,
  { client, settings }: JobAction,
  route: string | undefined,
): Promise<{ readonly letters: DeadLetters; readonly total: number }> {
  const letters = client.deadLetters(route);
  const inspector = await openInspector(settings);
  try {
    const queue = route === undefined ? LOST_QUEUE : deadQueueName(jobQueueName(route));
    const counts = await inspector.find(queue);
    if (!counts && route !== undefined) {
      const why = "the broker has no queue for them: was a worker with this job ever started?";
      throw new NoRouteError(route, why, `${action} the dead letters of`);
    }
    return { letters, total: counts?.messages ?? 0 };
  } finally {
    await inspector.close();
  }
}

/** Of whom letters are, for people. */
export function describeOwner(route: string | undefined): string {
  return route === undefined ? "whose queue was gone" : `of "${route}"`;
}

function parseLimit(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("It must be a whole number from 1 on.");
}

function refuse(message: string): never {
  throw new CommandFailure(ExitCode.USAGE, message);
}
