import { NotJSONError, TaskError } from "../errors.ts";
import { byteLength, isLongerThan, toWellFormed } from "../messages/byte_length.ts";
import { JSON_TYPE } from "../messages/content_type.ts";
import type { Failure } from "../messages/failure.ts";
import { ERROR_HEADER, toFailure } from "../messages/failure.ts";
import { writeJSON } from "../messages/json.ts";
import type { RequestContext } from "./request_context.ts";
import { logReply } from "./request_log.ts";
import type { Outcome } from "./run_task.ts";
import { explainNotJSON, hide, invalidOutput } from "./task_failures.ts";

/** The type of a request whose caller reads from the type of the reply what came of it, as aio-pika's RPC does. */
const TYPED_CALL = "call";

/** What goes back to the caller. */
export interface Reply {
  readonly body: string;
  /** Set when the framework answers in the handler's place. */
  readonly errorCode: string | undefined;
}

/**
 * Answers a call, then acknowledges it. Never throws: a reply that cannot be written or sent is told to the caller, too.
 *
 * @param maxBytes the largest body that is written
 */
export function settleCall(outcome: Outcome, request: RequestContext, maxBytes: number): void {
  const { delivery } = request;
  const max = Math.min(maxBytes, delivery.maxReplyBytes);
  const reply = outcome.ok
    ? writeValue(outcome.value, request, max)
    : writeFailure(outcome.failure, outcome.cause, request, max);
  if (request.startedAt !== undefined) logReply(request, reply, request.startedAt);
  // Told too late, it could still come before the caller's own clock has gone off, and say something else than that.
  if (request.isExpired) return delivery.ack();
  try {
    send(reply, request);
  } catch (error) {
    const told = invalidOutput("answered what could not be sent", error, request);
    try {
      // Short enough for any broker.
      send(writeFailure(toFailure(told), error, request, Infinity), request);
    } catch {
      // What is acknowledged below is over for the caller at its deadline.
    }
  }
  delivery.ack();
}

function send({ body, errorCode }: Reply, { delivery }: RequestContext): void {
  const headers = errorCode === undefined ? undefined : { [ERROR_HEADER]: errorCode };
  const type = delivery.message.type === TYPED_CALL ? typeOfReply(errorCode) : undefined;
  delivery.reply({ body, contentType: JSON_TYPE, headers, type });
}

function typeOfReply(errorCode: string | undefined): string {
  return errorCode === undefined ? "result" : "error";
}

function writeValue(value: unknown, request: RequestContext, maxBytes: number): Reply {
  let body: string;
  try {
    body = writeJSON(value);
  } catch (error) {
    const failure =
      error instanceof NotJSONError ? explainNotJSON(error, request) : hide(error, request);
    return writeFailure(failure, error, request, maxBytes);
  }
  if (!isLongerThan(maxBytes, body)) return { body, errorCode: undefined };
  const rule = `The reply of "${request.route}" must be at most ${maxBytes} bytes: ${byteLength(body)}`;
  return writeFailure(toFailure(new TaskError("too_large", rule)), undefined, request, maxBytes);
}

/**
 * Writes a failure, or what can be written in its place.
 *
 * @param cause what the failure is about, for the log
 */
export function writeFailure(
  failure: Failure,
  cause: unknown,
  request: RequestContext,
  maxBytes: number,
): Reply {
  try {
    const body = writeJSON(failure.body);
    if (!isLongerThan(maxBytes, body)) return { body, errorCode: toWellFormed(failure.code) };
    const rule = `The failure of "${request.route}" must be at most ${maxBytes} bytes: ${byteLength(body)}`;
    const tooLarge = toFailure(new TaskError("too_large", rule));
    return { body: writeJSON(tooLarge.body), errorCode: tooLarge.code };
  } catch (error) {
    // The data of a TaskError may be anything.
    const hidden =
      error instanceof NotJSONError ? explainNotJSON(error, request) : hide(cause, request);
    return { body: writeJSON(hidden.body), errorCode: hidden.code };
  }
}
