import { count, optionsOf } from "../options/option_rules.ts";
import type { Rule } from "../options/rules.ts";
import { all, must, nameOf, numberFrom } from "../options/rules.ts";
import { describeThrown, quote } from "../messages/printable.ts";
import { roundedDelay } from "./delay_ladder.ts";
import { DELAY_NAME, delayRule, isDelay } from "./delay_rule.ts";

/** When a job that failed runs again. The pause before attempt n + 1 is `delay * factor ** (n - 1)`. */
export interface RetryPolicy {
  /** How often the handler runs at most, the first time included. After that the job goes to the dead letters. @default {10} */
  readonly attempts?: number;
  /** The pause after the first failed attempt, in milliseconds; 0 for none. @default {1_000} */
  readonly delay?: number;
  /** What the pause is multiplied by after each further attempt, from 1 to 100. @default {2} */
  readonly factor?: number;
  /** The longest pause, before jitter and rounding, in milliseconds. @default {3_600_000, or `delay` if that is more} */
  readonly max?: number;
  /**
   * Which part of the pause is left to chance, from 0 to 1, so that jobs that failed together do not come back together:
   * with 0.25 it is up to a quarter shorter or longer. @default {0.25}
   */
  readonly jitter?: number;
}

/**
 * Decides on each retry: how many milliseconds to wait, or false for none. It gets the number of the attempt that failed,
 * from 1, and what the handler threw. When it throws, or returns anything else, the default policy decides in its place, and
 * the worker's log tells so.
 */
export type RetryFunction = (attempt: number, error: unknown) => number | false;

/** What comes of an attempt that failed. */
export interface RetryDecision {
  /** How long to wait before the next attempt, in milliseconds, as the ladder of delays can keep it; false for no other attempt. */
  readonly delay: number | false;
  /** What a {@link RetryFunction} did in place of deciding, for the log; undefined if it decided. */
  readonly mistake: RetryMistake | undefined;
}

/** What is wrong with a {@link RetryFunction}. */
export interface RetryMistake {
  readonly message: string;
  /** What it threw; undefined when it returned. */
  readonly cause: unknown;
}

/** What the `retry` of a job became: a policy without gaps, or a function. */
export type ResolvedRetry = Required<RetryPolicy> | RetryFunction;

/** Longest pause unless told otherwise, in milliseconds. */
const DEFAULT_MAX = 3_600_000;

/** What a `retry` has to be. */
export const retryRules = (): Rule => {
  const policy = all(
    optionsOf({
      attempts: count(),
      delay: delayRule(),
      factor: numberFrom(1, 100, "must be a number from 1 to 100"),
      max: delayRule(),
      jitter: numberFrom(0, 1, "must be a number from 0 to 1"),
    }),
    must((value) => !isMaxBelowDelay(value as RetryPolicy), "must not have a max below its delay"),
  );
  const other = must(
    (value) => typeof value === "function",
    (value) => `must be an object or a function of (attempt, error): ${nameOf(value)}`,
  );
  return (value) => (nameOf(value) === "object" ? policy(value) : other(value));
};

function isMaxBelowDelay({ delay, max }: RetryPolicy): boolean {
  return delay !== undefined && max !== undefined && max < delay;
}

/** Fills in what a policy leaves out. */
export function resolveRetry(retry: RetryPolicy | RetryFunction = {}): ResolvedRetry {
  return typeof retry === "function" ? retry : resolvePolicy(retry);
}

function resolvePolicy(retry: RetryPolicy): Required<RetryPolicy> {
  const { attempts = 10, delay = 1_000, factor = 2, jitter = 0.25 } = retry;
  return { attempts, delay, factor, max: retry.max ?? Math.max(DEFAULT_MAX, delay), jitter };
}

/** How often a handler runs at most; `Infinity` where a function decides. */
export function attemptsOf(retry: ResolvedRetry): number {
  return typeof retry === "function" ? Infinity : retry.attempts;
}

/**
 * What comes of an attempt that failed. Never throws.
 *
 * @param attempt the number of that attempt, from 1
 * @param random a number from 0 to 1, without 1
 */
export function decideRetry(
  retry: ResolvedRetry,
  attempt: number,
  error: unknown,
  random: number = Math.random(),
): RetryDecision {
  if (typeof retry !== "function")
    return { delay: pause(retry, attempt, random), mistake: undefined };
  let answer: unknown;
  try {
    answer = retry(attempt, error);
  } catch (cause) {
    const message = `it threw: ${describeThrown(cause)}`;
    return { delay: pause(resolvePolicy({}), attempt, random), mistake: { message, cause } };
  }
  if (answer === false) return { delay: false, mistake: undefined };
  if (isDelay(answer)) return { delay: roundedDelay(answer), mistake: undefined };
  // Nobody waits for it, so its rejection would end the process.
  if (answer instanceof Promise) answer.catch(() => {});
  const message = `it returned ${describeAnswer(answer)}, and must return false or ${DELAY_NAME}`;
  return {
    delay: pause(resolvePolicy({}), attempt, random),
    mistake: { message, cause: undefined },
  };
}

function pause(
  { attempts, delay, factor, max, jitter }: Required<RetryPolicy>,
  attempt: number,
  random: number,
): number | false {
  if (attempt >= attempts) return false;
  // Infinity times 0 is not a number.
  const regular = delay === 0 ? 0 : Math.min(delay * factor ** (attempt - 1), max);
  return roundedDelay(regular * (1 + jitter * (2 * random - 1)));
}

function describeAnswer(answer: unknown): string {
  if (typeof answer === "string") return quote(answer);
  if (answer instanceof Promise) return "a promise";
  return typeof answer === "number" ? String(answer) : nameOf(answer);
}
