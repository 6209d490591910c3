import type { MessageHeaders } from "../messages/message.ts";
import { LOST_QUEUE } from "./delay_ladder.ts";
import { isMoment, readStack } from "./job_error.ts";
import type { JobState } from "./job_headers.ts";
import { DEAD_AT_HEADER, DEAD_HEADER, STACK_HEADER } from "./job_headers.ts";
import { deadQueueName } from "./job_queues.ts";

/** What a worker may write as the reason. */
const OWN_REASONS = ["attempts", "given_up", "invalid", "expired"] as const;

/**
 * Why a job is among the dead letters:
 *
 * - `attempts`: it failed as often as its policy allows
 * - `given_up`: its handler said that it makes no sense to try again
 * - `invalid`: its input does not fit the task's schema
 * - `unreadable`: its body is not JSON, or larger than the worker takes
 * - `expired`: nobody ran it in time
 * - `delivery_limit`: the broker delivered it again and again, and no worker lived to acknowledge it
 * - `unrouted`: its queue was gone when its delay was over
 * - `unknown`: the broker gave it up by a policy, or somebody else put it there
 */
export type DeadReason =
  | "attempts"
  | "given_up"
  | "invalid"
  | "expired"
  | "unreadable"
  | "delivery_limit"
  | "unrouted"
  | "unknown";

/**
 * How many attempts were made, or were under way when their workers died.
 *
 * @param attempt the number of the attempt that the job stands at
 */
export function attemptsMade(reason: DeadReason, attempt: number): number {
  // These wait for an attempt that never began.
  return reason === "expired" || reason === "unrouted" ? attempt - 1 : attempt;
}

/** What a dead letter tells of its end. */
export interface DeadState {
  readonly reason: DeadReason;
  /** When it ended, in milliseconds since 1970; undefined when nobody said. */
  readonly deadAt: number | undefined;
  /** Where the last error was thrown, if the task keeps stacks. */
  readonly stack: string | undefined;
}

/** The headers that make a copy a dead letter. */
export function writeDeadState(
  reason: (typeof OWN_REASONS)[number],
  deadAt: number,
  stack: string | undefined,
): MessageHeaders {
  return {
    [DEAD_HEADER]: reason,
    [DEAD_AT_HEADER]: deadAt,
    ...(stack !== undefined && { [STACK_HEADER]: stack }),
  };
}

/**
 * Reads why a job is among the dead letters. Where the broker put it there, it says so in headers of its own; a reason that
 * a worker wrote is older then.
 *
 * @param queue the queue of dead letters that it lies in
 */
export function readDeadState(
  headers: Readonly<Record<string, unknown>>,
  queue: string,
): DeadState {
  const stack = readStack(headers[STACK_HEADER]);
  if (queue === LOST_QUEUE) return { reason: "unrouted", deadAt: undefined, stack };
  const death = readDeaths(headers["x-death"]).find((one) => deadQueueName(one.queue) === queue);
  if (death) return { reason: death.reason, deadAt: death.at, stack };
  const deadAt = headers[DEAD_AT_HEADER];
  return {
    reason: OWN_REASONS.find((reason) => reason === headers[DEAD_HEADER]) ?? "unknown",
    deadAt: isMoment(deadAt) ? deadAt : undefined,
    stack,
  };
}

/** The state of a dead letter that begins anew: it keeps its age and its last error, and has all its attempts again. */
export function redriven(state: JobState): JobState {
  return { ...state, attempt: 1, delayLeft: 0, expiresAt: undefined };
}

interface Death {
  readonly queue: string;
  readonly reason: DeadReason;
  readonly at: number | undefined;
}

/** What RabbitMQ says of queues that gave the message up. */
function readDeaths(header: unknown): Death[] {
  if (!Array.isArray(header)) return [];
  return header.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { queue, reason, time } = entry as Readonly<Record<string, unknown>>;
    if (typeof queue !== "string") return [];
    const at = time instanceof Date ? time.getTime() : undefined;
    return [{ queue, reason: ofBroker(reason), at: isMoment(at) ? at : undefined }];
  });
}

function ofBroker(reason: unknown): DeadReason {
  // Workers reject what they cannot read: the broker then keeps it byte by byte.
  if (reason === "rejected") return "unreadable";
  return reason === "delivery_limit" || reason === "expired" ? reason : "unknown";
}
