import { BgtasksError } from "../errors.ts";
import { count, describeProblems, milliseconds, optionsOf } from "../options/option_rules.ts";
import type { Rule } from "../options/rules.ts";
import { flag, must, text } from "../options/rules.ts";
import type { Schema } from "../schema/schema.ts";
import { isSchema } from "../schema/schema.ts";
import { byteLength } from "../messages/byte_length.ts";
import type { ResolvedRetry, RetryFunction, RetryPolicy } from "./retry_policy.ts";
import { resolveRetry, retryRules } from "./retry_policy.ts";

/** Everything about a job but its route and handler. */
export interface JobOptions {
  /** What the job does, in a sentence. */
  readonly description?: string;
  /** Checks the input before the handler runs. What it refuses goes to the dead letters at once. */
  readonly input?: Schema;
  /** When a job that failed runs again: a policy, or a function of the attempt and the error. */
  readonly retry?: RetryPolicy | RetryFunction;
  /**
   * How long one attempt may take, in milliseconds; then `ctx.signal` aborts, the attempt has failed, and the job is retried.
   * There is always an end, because nothing else would end a job that hangs. The handler's place is free when it heeds
   * the signal. @default {900_000}
   */
  readonly timeout?: number;
  /** How many jobs of this route one worker runs at a time. @default {the worker's concurrency} */
  readonly concurrency?: number;
  /** A topic exchange whose messages the job takes, too, under its route: Python services send jobs to `"default"`. */
  readonly exchange?: string;
  /** Whether dead letters keep where the last error was thrown. @default {true} */
  readonly stack?: boolean;
}

/** What the options of a job became. */
export interface ResolvedJobOptions {
  /** What the job does, in a sentence. */
  readonly description?: string;
  /** Checks the input before the handler runs. */
  readonly input?: Schema;
  /** When a job that failed runs again. */
  readonly retry: ResolvedRetry;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout: number;
  /** How many jobs of this route one worker runs at a time. */
  readonly concurrency?: number;
  /** A topic exchange whose messages the job takes, too. */
  readonly exchange?: string;
  /** Whether dead letters keep where the last error was thrown. */
  readonly stack: boolean;
}

/** Below the 30 minutes after which brokers take a message back, in milliseconds. */
const DEFAULT_TIMEOUT = 15 * 60_000;

/** What a job's options have to be. Made when they are first looked at: a program that only sends needs none. */
let rules: Rule | undefined;

function makeRules(): Rule {
  return optionsOf({
    description: text,
    input: must(isSchema, "must be a schema (Standard Schema)"),
    retry: retryRules(),
    timeout: milliseconds(),
    concurrency: count(),
    exchange: must(isExchangeName, "must be the name of an exchange, 1 to 255 bytes"),
    stack: flag,
  });
}

function isExchangeName(value: unknown): boolean {
  return typeof value === "string" && value !== "" && byteLength(value) <= 255;
}

/**
 * Checks the options of a job and fills in what they leave out.
 *
 * @throws BgtasksError with `code` `"invalid_task"` that lists everything that is wrong
 */
export function takeJobOptions(route: string, given: unknown): ResolvedJobOptions {
  const problems = describeProblems((rules ??= makeRules()), given);
  if (problems !== undefined) {
    throw new BgtasksError("invalid_task", `Cannot register the job "${route}": ${problems}`);
  }
  // Checked.
  const { retry, timeout = DEFAULT_TIMEOUT, stack = true, ...rest } = given as JobOptions;
  return { ...rest, retry: resolveRetry(retry), timeout, stack };
}
