import { BgtasksError } from "../errors.ts";
import { describeProblems, optionsOf } from "../options/option_rules.ts";
import type { Rule } from "../options/rules.ts";
import { must } from "../options/rules.ts";

/** Which dead letters. Without options: all that are there when the work begins. */
export interface LetterChoice {
  /** Those of these jobs. All that are there are looked at. @default {those of all jobs} */
  readonly ids?: readonly string[];
  /** How many letters at most. The oldest are taken first. @default {without a limit} */
  readonly limit?: number;
}

/** Choices made ready. */
export interface ResolvedChoice {
  readonly limit: number;
  /** Whether only some are meant, so that others have to be looked at. */
  readonly isSelective: boolean;
  readonly includes: (id: string) => boolean;
}

const limitRule: Rule = must(
  (value) => Number.isInteger(value) && Number(value) >= 1,
  "must be a whole number from 1 on",
);

/**
 * Checks a choice. What is left out means all, so what is given as undefined is refused: it was meant to be something.
 *
 * @param what what is to be done, e.g. `retry dead letters`
 * @throws BgtasksError with `code` `"invalid_options"`
 */
export function takeChoice(what: string, given: LetterChoice = {}): ResolvedChoice {
  const rules = optionsOf({
    ids: must(isListOfTexts, "must be a list of texts"),
    limit: limitRule,
  });
  const problems = describeProblems(rules, given) ?? findAbsent(given);
  if (problems !== undefined)
    throw new BgtasksError("invalid_options", `Cannot ${what}, because ${problems}`);
  const { ids, limit = Infinity } = given;
  const wanted = ids && new Set(ids);
  return {
    limit,
    isSelective: wanted !== undefined,
    includes: (id) => wanted?.has(id) ?? true,
  };
}

function findAbsent(given: LetterChoice): string | undefined {
  const [absent] = Object.entries(given).find(([, value]) => value === undefined) ?? [];
  return absent === undefined ? undefined : `${absent} is undefined: leave it out to take all`;
}

/** How many letters to list. */
export interface LetterListOptions {
  /** How many letters at most. The oldest are taken first. All of them are in memory at a time. @default {1_000} */
  readonly limit?: number;
}

/** @throws BgtasksError with `code` `"invalid_options"` */
export function takeListLimit(given: LetterListOptions = {}): number {
  const problems = describeProblems(optionsOf({ limit: limitRule }), given);
  if (problems !== undefined)
    throw new BgtasksError("invalid_options", `Cannot list dead letters, because ${problems}`);
  return given.limit ?? 1_000;
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((id) => typeof id === "string");
}
