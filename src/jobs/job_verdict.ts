import type { Outcome } from "../worker/run_task.ts";
import { Refusal } from "../worker/task_failures.ts";
import { exactDelay } from "./delay_ladder.ts";
import type { DeadReason } from "./dead_headers.ts";
import type { JobError } from "./job_error.ts";
import { toJobError, toStack } from "./job_error.ts";
import type { JobState } from "./job_headers.ts";
import type { JobRequest, LastWord } from "./job_request.ts";
import type { RetryMistake } from "./retry_policy.ts";
import { decideRetry, resolveRetry } from "./retry_policy.ts";

/** What becomes of a job after an attempt. */
export type Verdict =
  | { readonly kind: "done" }
  /** It runs again after a delay, in milliseconds. */
  | {
      readonly kind: "again";
      readonly state: JobState;
      readonly delay: number;
      /** What a retry function did in place of deciding. */
      readonly mistake: RetryMistake | undefined;
    }
  /** It goes to the dead letters. */
  | {
      readonly kind: "dead";
      readonly state: JobState;
      readonly reason: OwnReason;
      readonly stack: string | undefined;
      readonly mistake: RetryMistake | undefined;
    }
  /** Nobody can read it: it goes to the dead letters byte by byte, by the broker. */
  | { readonly kind: "unreadable" };

/** The reasons that a worker writes. */
type OwnReason = Extract<DeadReason, "attempts" | "given_up" | "invalid" | "expired">;

const DONE: Verdict = { kind: "done" };

/** What the framework answers to a body that it cannot read. */
const UNREADABLE: ReadonlySet<string> = new Set(["bad_request", "too_large"]);

/**
 * What becomes of a job. Never throws.
 *
 * @param now milliseconds since 1970
 * @param worker what the worker calls itself
 */
export function verdictOf(
  outcome: Outcome,
  request: JobRequest,
  now: number,
  worker: string,
): Verdict {
  const { lastWord, task } = request;
  if (lastWord) return verdictOfHandler(lastWord, stateOf(request, now), now, worker);
  if (outcome.ok) return DONE;
  const state = stateOf(request, now);
  const { cause, failure } = outcome;
  const thrown = cause instanceof Refusal ? cause.error : cause;
  const failed = { ...state, lastError: toJobError(thrown, now, worker) };
  if (cause instanceof Refusal) {
    if (UNREADABLE.has(failure.code)) return { kind: "unreadable" };
    if (failure.code === "invalid_input") return dead("invalid", failed);
  }
  const stack = task?.options.stack === false ? undefined : toStack(thrown);
  // Of a job that was unregistered while it waited nothing is known but that others may serve it.
  const retry = task?.options.retry ?? resolveRetry();
  const { delay, mistake } = decideRetry(retry, state.attempt, thrown);
  if (delay === false) return { ...dead("attempts", failed), stack, mistake };
  return { kind: "again", state: { ...failed, attempt: state.attempt + 1 }, delay, mistake };
}

/** The verdict that a handler gave itself. */
function verdictOfHandler(word: LastWord, state: JobState, now: number, worker: string): Verdict {
  if (word.kind === "later")
    return { kind: "again", state, delay: exactDelay(word.delay), mistake: undefined };
  const lastError: JobError = { name: "GivenUp", message: word.reason, at: now, worker };
  return dead("given_up", { ...state, lastError });
}

/** What its copy knows of a job whose sender did not say when it was sent, too. */
function stateOf({ state }: JobRequest, now: number): JobState {
  return { ...state, firstSentAt: state.firstSentAt ?? now };
}

/** The verdict on a job that nobody ran in time. */
export function expired(request: JobRequest): Verdict {
  return dead("expired", request.state);
}

function dead(reason: OwnReason, state: JobState): Extract<Verdict, { readonly kind: "dead" }> {
  return { kind: "dead", state, reason, stack: undefined, mistake: undefined };
}
