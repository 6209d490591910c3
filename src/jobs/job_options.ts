import { BgtasksError } from "../errors.ts";
import { count, describeProblems, milliseconds, optionsOf } from "../options/option_rules.ts";
import type { Rule } from "../options/rules.ts";
import { flag, must } from "../options/rules.ts";
import type { Schema } from "../schema/schema.ts";
import { isSchema } from "../schema/schema.ts";
import { byteLength } from "../messages/byte_length.ts";
import type { ResolvedRetry, RetryFunction, RetryPolicy } from "./retry_policy.ts";
import { resolveRetry, retryRules } from "./retry_policy.ts";

/** Everything about a job but its route and handler. */
export interface JobOptions {
  /** Checks the input before the handler runs. What it refuses goes to the dead letters at once. */
  readonly input?: Schema;
  /** When a job that failed runs again: a policy, or a function of the attempt and the error. */
  readonly retry?: RetryPolicy | RetryFunction;
  /**
   * How long one attempt may take, in milliseconds; then `ctx.signal` aborts and the attempt has failed. There is always an
   * end: without one a job that hangs would hold its place for good. @default {900_000}
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
  readonly input: Schema | undefined;
  readonly retry: ResolvedRetry;
  readonly timeout: number;
  readonly concurrency: number | undefined;
  readonly exchange: string | undefined;
  readonly stack: boolean;
}

/** Below the 30 minutes after which brokers take a message back, in milliseconds. */
const DEFAULT_TIMEOUT = 15 * 60_000;

/** What a job's options have to be. Made when they are first looked at: a program that only sends needs none. */
let rules: Rule | undefined;

function makeRules(): Rule {
  return optionsOf({
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
export function takeJobOptions(route: string, options: JobOptions): ResolvedJobOptions {
  const problems = describeProblems((rules ??= makeRules()), options);
  if (problems !== undefined) {
    throw new BgtasksError("invalid_task", `Cannot register the job "${route}": ${problems}`);
  }
  const { input, retry, timeout = DEFAULT_TIMEOUT, concurrency, exchange, stack = true } = options;
  return { input, retry: resolveRetry(retry), timeout, concurrency, exchange, stack };
}
