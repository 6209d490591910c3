import type { Message } from "../messages/message.ts";
import type { DeadReason } from "./dead_headers.ts";
import { attemptsMade, readDeadState } from "./dead_headers.ts";
import type { JobError } from "./job_error.ts";
import { headersOfSender, readJobState } from "./job_headers.ts";

/** A job that nobody will run any more, unless it is retried. */
export interface DeadLetter {
  /** The job's name; empty when its sender gave none. */
  readonly id: string;
  /** The queue that {@link DeadLetters.retry} sends it to; undefined when its routing key names none. */
  readonly queue: string | undefined;
  /** Why it is here. */
  readonly reason: DeadReason;
  /** Why the last attempt failed; undefined where none did, or nobody wrote it down. */
  readonly error: JobError | undefined;
  /** Where the last error was thrown, if its task keeps stacks. */
  readonly stack: string | undefined;
  /** How many attempts were made, or were under way when its workers died. */
  readonly attempts: number;
  /** When it was sent for the first time, in milliseconds since 1970; undefined when its sender did not say. */
  readonly firstSentAt: number | undefined;
  /** When it came here, in milliseconds since 1970; undefined when nobody said. */
  readonly deadAt: number | undefined;
  /** The input; undefined when it is not JSON. */
  readonly body: unknown;
  /** The input as it was sent; undefined when it is not UTF-8, or longer than the setting `maxMessageBytes`. */
  readonly text: string | undefined;
  /** How long the input is, in bytes. */
  readonly byteLength: number;
  /** What its sender sent along. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Reads a dead letter.
 *
 * @param lies the queue of dead letters that it lies in
 * @param queue the queue that it goes to when it is retried
 */
export function readDeadLetter(
  message: Message,
  lies: string,
  queue: string | undefined,
): DeadLetter {
  const { headers } = message;
  const { attempt, firstSentAt, lastError } = readJobState(headers, message.timestamp);
  const { reason, deadAt, stack } = readDeadState(headers, lies);
  const text = readWholeText(message);
  return {
    id: message.id ?? "",
    queue,
    reason,
    error: lastError,
    stack,
    attempts: attemptsMade(reason, attempt),
    firstSentAt,
    deadAt,
    body: parse(text),
    text,
    byteLength: message.body.byteLength,
    headers: headersOfSender(headers),
  };
}

/** The text of a body; undefined when it is not UTF-8, or was too long to be kept. */
function readWholeText({ body }: Message): string | undefined {
  const text = body.readText();
  return text === "" && body.byteLength > 0 ? undefined : text;
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
