import { isOfBroker, withoutOwn } from "../messages/headers.ts";
import type { MessageHeaders } from "../messages/message.ts";
import { findTooLong } from "../transport/limits.ts";
import { MAX_DELAY } from "./delay_ladder.ts";
import type { JobError } from "./job_error.ts";
import { cut, isMoment, readJobError, writeJobError } from "./job_error.ts";

/** What a job carries beside its input. A job that was sent and never ran has none of these, unless it needs one. */
const ATTEMPT = "bgtasks-attempt";
const FIRST_AT = "bgtasks-first-at";
const LAST_ERROR = "bgtasks-last-error";
const DELAY_LEFT = "bgtasks-delay-left";
const EXPIRES_AT = "bgtasks-expires-at";

/** What a dead letter carries in addition. */
export const DEAD_HEADER = "bgtasks-dead";
export const DEAD_AT_HEADER = "bgtasks-dead-at";
export const STACK_HEADER = "bgtasks-stack";

const OURS: ReadonlySet<string> = new Set([
  ...[ATTEMPT, FIRST_AT, LAST_ERROR, DELAY_LEFT, EXPIRES_AT],
  ...[DEAD_HEADER, DEAD_AT_HEADER, STACK_HEADER],
]);

/** Counted attempts end here; what claims to be more was not written by us. */
const MAX_ATTEMPTS = 1_000_000;

/** What remains of an error's message where the headers are too long otherwise. */
const SHORT_MESSAGE_BYTES = 256;

/** Where a job stands. */
export interface JobState {
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** When it was sent for the first time, in milliseconds since 1970; undefined when its sender did not say. */
  readonly firstSentAt: number | undefined;
  /** Why the attempt before failed. */
  readonly lastError: JobError | undefined;
  /** How long it has to wait in the ladder once more, in milliseconds; 0 when it is due. */
  readonly delayLeft: number;
  /** When it is not to be run any more, in milliseconds since 1970. */
  readonly expiresAt: number | undefined;
}

/** Headers for a copy of a message. */
export interface CopiedHeaders {
  readonly headers: MessageHeaders;
  /** The names of those that the copy does not have, because they could not be written or would not fit in a frame. */
  readonly dropped: readonly string[];
}

/**
 * Reads where a job stands. Headers may be forged: what cannot be true is left out or brought into range.
 *
 * @param timestamp when it was sent, in seconds since 1970, from the message's properties
 */
export function readJobState(
  headers: Readonly<Record<string, unknown>>,
  timestamp?: number,
): JobState {
  const attempt = headers[ATTEMPT];
  const first = headers[FIRST_AT];
  const left = headers[DELAY_LEFT];
  const expiresAt = headers[EXPIRES_AT];
  const sentAt = timestamp === undefined ? undefined : timestamp * 1_000;
  return {
    attempt: isAttempt(attempt) ? attempt : 1,
    firstSentAt: isMoment(first) ? first : isMoment(sentAt) ? sentAt : undefined,
    lastError: readJobError(headers[LAST_ERROR]),
    delayLeft: typeof left === "number" && left > 0 ? Math.min(left, MAX_DELAY) : 0,
    expiresAt: isMoment(expiresAt) ? expiresAt : undefined,
  };
}

/** Whether a message is a job that its sender sent, and not a copy for another attempt. */
export function isFirstSend(headers: Readonly<Record<string, unknown>>): boolean {
  return !(FIRST_AT in headers);
}

/** The headers that a job's sender gave: neither ours nor the broker's. */
export function headersOfSender(
  headers: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return withoutOwn(headersForCopy(headers));
}

/** The headers that stay with a job whatever becomes of it: those of its sender, and how many calls deep it is. */
function headersForCopy(
  headers: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const kept = Object.entries(headers).filter(([name]) => !OURS.has(name) && !isOfBroker(name));
  return Object.fromEntries(kept);
}

/** The headers of a state; those of a job that was just sent are none. */
export function writeJobState(state: JobState): MessageHeaders {
  const { attempt, firstSentAt, lastError, delayLeft, expiresAt } = state;
  return {
    ...(attempt > 1 && { [ATTEMPT]: Math.min(attempt, MAX_ATTEMPTS) }),
    ...(firstSentAt !== undefined && { [FIRST_AT]: firstSentAt }),
    ...(lastError && { [LAST_ERROR]: writeJobError(lastError) }),
    ...(delayLeft > 0 && { [DELAY_LEFT]: delayLeft }),
    ...(expiresAt !== undefined && { [EXPIRES_AT]: expiresAt }),
  };
}

/**
 * The headers for a copy of a message: what its sender gave, and the new state in place of the old. What would make them
 * longer than a frame is left out: first the stack, then the end of the error's message, then the longest of the sender's.
 *
 * @param more what a dead letter has in addition
 * @param frameMax the largest frame, in bytes
 */
export function copyHeaders(
  received: Readonly<Record<string, unknown>>,
  state: JobState,
  more: MessageHeaders,
  frameMax: number,
): CopiedHeaders {
  const dropped: string[] = [];
  const kept = new Map<string, string | number | boolean>();
  for (const [name, value] of Object.entries(headersForCopy(received))) {
    if (isWritable(value)) kept.set(name, value);
    else dropped.push(name);
  }
  let ours = { ...writeJobState(state), ...more };
  const together = (): MessageHeaders => ({ ...Object.fromEntries(kept), ...ours });
  const isTooLong = (): boolean => findTooLong(together(), { frameMax }) !== undefined;
  if (isTooLong() && STACK_HEADER in ours) {
    const { [STACK_HEADER]: _stack, ...rest } = ours;
    ours = rest;
    dropped.push(STACK_HEADER);
  }
  if (isTooLong() && state.lastError) {
    const message = cut(state.lastError.message, SHORT_MESSAGE_BYTES);
    ours = { ...ours, [LAST_ERROR]: writeJobError({ ...state.lastError, message }) };
  }
  while (kept.size > 0 && isTooLong()) {
    const name = longestOf(kept);
    kept.delete(name);
    dropped.push(name);
  }
  return { headers: together(), dropped };
}

function isAttempt(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_ATTEMPTS;
}

/** Tables, lists, dates and bytes of other senders have no place in the headers that we write. */
function isWritable(value: unknown): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

function longestOf(headers: ReadonlyMap<string, string | number | boolean>): string {
  let longest = "";
  let length = -1;
  for (const [name, value] of headers) {
    const own = name.length + String(value).length;
    if (own > length) [longest, length] = [name, own];
  }
  return longest;
}
