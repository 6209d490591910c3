import { ambient } from "../context/ambient.ts";
import { TaskError, ValidationError } from "../errors.ts";
import { toValidationIssues } from "../schema/issues.ts";
import type { Schema } from "../schema/schema.ts";
import { validate } from "../schema/schema.ts";
import type { TaskContext, TaskRecord } from "../tasks/rpc_task.ts";
import type { Message } from "../messages/message.ts";
import type { Failure } from "../messages/failure.ts";
import { isReadableType } from "../messages/content_type.ts";
import { isOwnType } from "../messages/message_type.ts";
import { isRequestType } from "../streams/stream_types.ts";
import { checkItems } from "./check_items.ts";
import { checkOutput } from "./check_output.ts";
import { readBody, UnreadableBodyError } from "../messages/read_body.ts";
import type { RequestContext } from "./request_context.ts";
import { explainError, Refusal } from "./task_failures.ts";
import { isPromiseLike, whenReady } from "./when_ready.ts";

const noop = (): void => {};

/** What came of a request, whoever sent it and whatever it is told. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      /** What the sender may know. */
      readonly failure: Failure;
      /** What was thrown. */
      readonly cause: unknown;
    };

/**
 * Reads a request and runs its handler; at once where neither handler nor schema needs a promise. Never throws and never
 * rejects: whatever goes wrong is an outcome too.
 *
 * @param maxBytes the largest body that is read
 */
export function runTask(
  task: TaskRecord | undefined,
  request: RequestContext,
  maxBytes: number,
): Outcome | Promise<Outcome> {
  try {
    if (!task) {
      const rule = `"${request.route}" is no longer served here.`;
      throw new Refusal(new TaskError("not_served", rule));
    }
    const { input, output, yields, receives, timeout } = task.options;
    if (receives && !request.incoming) throw badRequest(receivesRule(request));
    // Its own types were checked when it was registered; what comes over the wire is what its schema let through.
    const handler = task.handler as (input: unknown, context: TaskContext) => unknown;
    const body = readInput(request.delivery.message, maxBytes);
    const checked = input ? checkInput(request.route, input, body) : body;
    const returned = whenReady(checked, (value) => {
      const result = ambient ? ambient.run(handler, value, request) : handler(value, request);
      return timeout === undefined ? result : within(timeout, result, request);
    });
    const checkedOutput = output
      ? whenReady(returned, (value) => checkOutput(value, output, request, "returned"))
      : yields
        ? whenReady(returned, (value) => checkItems(value, yields, request))
        : returned;
    const outcome = whenReady(checkedOutput, succeed);
    if (!(outcome instanceof Promise)) return outcome;
    return outcome.catch((error: unknown) => fail(error, request));
  } catch (error) {
    return fail(error, request);
  }
}

export function succeed(value: unknown): Outcome {
  return { ok: true, value };
}

export function fail(error: unknown, request: RequestContext): Outcome {
  // Nobody waits for it, and the handler says no more than that it knows.
  if (request.isExpired && request.isOfAbort(error)) return succeed(undefined);
  return { ok: false, failure: explainError(error, request), cause: error };
}

function readInput(message: Message, maxBytes: number): unknown {
  const { type, contentType, contentEncoding, body } = message;
  if (isOwnType(type) && !isRequestType(type))
    throw badRequest(`The type must be known to this version: ${type}`);
  if (contentType && !isReadableType(contentType))
    throw badRequest(`The content type must be application/json: ${contentType}`);
  if (contentEncoding && !/^(?:utf-?8|identity)$/i.test(contentEncoding))
    throw badRequest(`The content encoding must be utf-8: ${contentEncoding}`);
  try {
    return readBody(body, maxBytes);
  } catch (error) {
    if (!(error instanceof UnreadableBodyError)) throw error;
    switch (error.reason) {
      case "too_large": {
        const rule = `The body must be at most ${maxBytes} bytes: ${body.byteLength}`;
        throw new Refusal(new TaskError("too_large", rule));
      }
      case "too_deep":
        throw badRequest(`The body must be less deep: it is ${error.message}.`);
      case "not_utf8":
      case "not_json": {
        const form = error.reason === "not_utf8" ? "UTF-8" : "JSON";
        throw badRequest(`The body must be ${form}: ${body.byteLength} bytes that are not`);
      }
    }
  }
}

function receivesRule({ route }: RequestContext): string {
  return `The task "${route}" receives items, and none come with this request: call it with the option send.`;
}

export function badRequest(rule: string): Refusal {
  return new Refusal(new TaskError("bad_request", rule));
}

function checkInput(route: string, schema: Schema, value: unknown): unknown {
  return whenReady(validate(schema, value), (result) => {
    if (!result.issues) return result.value;
    throw new Refusal(new ValidationError(`"${route}"`, toValidationIssues(result.issues)));
  });
}

/** Waits for a handler, but no longer than its task allows; then its signal aborts. One that has returned is done. */
export function within(timeout: number, result: unknown, request: RequestContext): unknown {
  request.timeout = timeout;
  if (!isPromiseLike(result)) return result;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = tookTooLong(timeout, request);
      // Its place is free when the handler ends, not when its caller is told.
      request.stillRunning = Promise.resolve(result).then(noop, noop);
      request.abort(error);
      reject(new Refusal(error));
    }, timeout);
    const stopClock = (): void => clearTimeout(timer);
    Promise.resolve(result).finally(stopClock).then(resolve, reject);
  });
}

export function tookTooLong(timeout: number, { route }: RequestContext): TaskError {
  return new TaskError(
    "handler_timeout",
    `The handler of "${route}" took longer than ${timeout} ms.`,
  );
}
