import { BgtasksError, NotJSONError, TaskError, ValidationError } from "../errors.ts";
import { fieldErrors, toValidationIssues } from "../issues.ts";
import type { Schema } from "../schema.ts";
import { validate } from "../schema.ts";
import type { RPCTask, TaskContext } from "../tasks/rpc_task.ts";
import type { Delivery } from "../transport/transport.ts";
import type { Failure } from "../wire/failure.ts";
import { isErrorCode, toFailure } from "../wire/failure.ts";
import { byteLength, isLongerThan, toWellFormed } from "../wire/byte_length.ts";
import { readJSON, writeJSON } from "../wire/json.ts";
import type { RequestContext } from "./request_context.ts";
import { isWatched, logAnswer, logFailure } from "./request_log.ts";
import { whenReady } from "./when_ready.ts";

const noop = (): void => {};

/** What every client of ours sends; others may say it in other words. */
const JSON_TYPE = "application/json";

/** What goes back to the caller. */
export interface Answer {
  readonly body: string;
  /** Set when the framework answers in the handler's place. */
  readonly errorCode: string | undefined;
}

/** What ends a request before its handler has returned, told to the caller. Errors of handlers are never of this kind. */
class Refusal extends Error {
  readonly failure: Failure;

  constructor(error: TaskError | ValidationError) {
    super(error.message);
    this.failure = toFailure(error);
  }
}

/** Answers a request, and leaves a record of it where anybody reads one. See {@link makeAnswer}. */
export function answer(
  task: RPCTask | undefined,
  delivery: Delivery,
  context: RequestContext,
  maxBytes: number,
): Answer | Promise<Answer> {
  if (!isWatched()) return makeAnswer(task, delivery, context, maxBytes);
  const since = performance.now();
  const made = makeAnswer(task, delivery, context, maxBytes);
  if (made instanceof Promise) void made.then((late) => logAnswer(delivery, late, since));
  else logAnswer(delivery, made, since);
  return made;
}

/**
 * Reads the request, runs the handler and writes its reply; at once where neither handler nor schema needs a promise.
 * Never throws and never rejects: whatever goes wrong is an answer too.
 *
 * @param maxBytes the largest body that is read or written
 */
function makeAnswer(
  task: RPCTask | undefined,
  delivery: Delivery,
  context: RequestContext,
  maxBytes: number,
): Answer | Promise<Answer> {
  const { route } = delivery;
  const maxReply = Math.min(maxBytes, delivery.maxReplyBytes);
  try {
    if (!task)
      throw new Refusal(new TaskError("not_served", `"${route}" is no longer served here.`));
    const { input, output, timeout } = task.options;
    // Its own types were checked when it was registered; what comes over the wire is what its schema let through.
    const handler = task.handler as (input: unknown, context: TaskContext) => unknown;
    const body = readBody(delivery, maxBytes);
    const checked = input ? checkInput(route, input, body) : body;
    const returned = whenReady(checked, (value) => {
      const result = handler(value, context);
      return timeout === undefined ? result : within(timeout, result, context);
    });
    const replied = output
      ? whenReady(returned, (value) => checkOutput(delivery, output, value))
      : returned;
    const written = whenReady(replied, (value) => writeBody(route, value, maxReply));
    if (!(written instanceof Promise)) return written;
    return written.catch((error: unknown) => toAnswer(error, delivery, maxReply));
  } catch (error) {
    return toAnswer(error, delivery, maxReply);
  }
}

function readBody(delivery: Delivery, maxBytes: number): unknown {
  const { contentType, contentEncoding, body } = delivery;
  if (
    contentType &&
    contentType !== JSON_TYPE &&
    !/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType)
  ) {
    throw new Refusal(
      new TaskError("bad_request", `The content type must be application/json: ${contentType}`),
    );
  }
  if (contentEncoding && !/^(?:utf-?8|identity)$/i.test(contentEncoding)) {
    throw new Refusal(
      new TaskError("bad_request", `The content encoding must be utf-8: ${contentEncoding}`),
    );
  }
  if (body.isLongerThan(maxBytes)) {
    const rule = `The body must be at most ${maxBytes} bytes: ${body.byteLength}`;
    throw new Refusal(new TaskError("too_large", rule));
  }
  try {
    const text = body.readText();
    if (text === undefined) throw unreadable("UTF-8", body.byteLength);
    return readJSON(text);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof RangeError) {
      throw new Refusal(
        new TaskError("bad_request", `The body must be less deep: it is ${error.message}.`),
      );
    }
    throw unreadable("JSON", body.byteLength);
  }
}

function unreadable(form: string, length: number): Refusal {
  const rule = `The body must be ${form}: ${length} bytes that are not`;
  return new Refusal(new TaskError("bad_request", rule));
}

function writeBody(route: string, value: unknown, maxBytes: number): Answer {
  const body = writeJSON(value);
  if (!isLongerThan(maxBytes, body)) return { body, errorCode: undefined };
  const rule = `The reply of "${route}" must be at most ${maxBytes} bytes: ${byteLength(body)}`;
  throw new Refusal(new TaskError("too_large", rule));
}

function checkInput(route: string, schema: Schema, value: unknown): unknown {
  return whenReady(validate(schema, value), (result) => {
    if (!result.issues) return result.value;
    throw new Refusal(new ValidationError(`"${route}"`, toValidationIssues(result.issues)));
  });
}

function checkOutput(delivery: Delivery, schema: Schema, value: unknown): unknown {
  return whenReady(validate(schema, value), (result) => {
    if (!result.issues) return result.value;
    const problems = Object.entries(fieldErrors(toValidationIssues(result.issues)));
    const lines = problems.map(([field, messages]) => `\n  - ${field}: ${messages.join(" ")}`);
    const refused = new BgtasksError(
      "invalid_output",
      `Cannot accept the result:${lines.join("")}`,
    );
    throw new Refusal(invalidOutput("returned what its schema refuses", refused, delivery));
  });
}

/** What a caller is told of a handler's own mistake: where to read more, and no more than that. */
function invalidOutput(what: string, error: unknown, delivery: Delivery, detail = ""): TaskError {
  const id = logFailure(what, error, delivery);
  const rule = `The handler of "${delivery.route}" ${what}; its worker's log has it as ${id}.${detail}`;
  return new TaskError("invalid_output", rule, { id });
}

/** Waits for a handler, but no longer than its task allows; then its signal aborts. */
async function within(timeout: number, result: unknown, context: RequestContext): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      const error = new TaskError(
        "handler_timeout",
        `The handler of "${context.route}" took longer than ${timeout} ms.`,
      );
      // Its place is free when the handler ends, not when its caller is told.
      context.stillRunning = Promise.resolve(result).then(noop, noop);
      context.abort(error);
      reject(new Refusal(error));
    }, timeout);
  });
  try {
    // oxlint-disable-next-line eslint/no-restricted-properties -- both belong to this request
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What to say in place of an answer that could not be sent. Short enough for any broker. */
export function replaceAnswer(error: unknown, delivery: Delivery): Answer {
  const told = invalidOutput("answered what could not be sent", error, delivery);
  return toAnswer(new Refusal(told), delivery, Infinity);
}

/** The answer to what a handler or a schema threw, which may be anything. Never throws. */
function toAnswer(error: unknown, delivery: Delivery, maxBytes: number): Answer {
  try {
    return writeFailure(toKnownFailure(error, delivery), delivery, maxBytes);
  } catch (second) {
    // The data of a TaskError may be anything, and what was thrown may be a Proxy or have getters that throw.
    const hidden =
      second instanceof NotJSONError ? notJSON(second, delivery) : hide(error, delivery);
    return { body: writeJSON(hidden.body), errorCode: hidden.code };
  }
}

function writeFailure({ code, body }: Failure, { route }: Delivery, maxBytes: number): Answer {
  const text = writeJSON(body);
  if (!isLongerThan(maxBytes, text)) return { body: text, errorCode: toWellFormed(code) };
  const rule = `The failure of "${route}" must be at most ${maxBytes} bytes: ${byteLength(text)}`;
  const failure = toFailure(new TaskError("too_large", rule));
  return { body: writeJSON(failure.body), errorCode: failure.code };
}

function toKnownFailure(error: unknown, delivery: Delivery): Failure {
  if (error instanceof Refusal) return error.failure;
  if (error instanceof TaskError) return toOwnFailure(error, delivery);
  if (error instanceof NotJSONError) return notJSON(error, delivery);
  return hide(error, delivery);
}

/** The failure that a handler chose. Its code becomes a header, which the broker would not take in any form. */
function toOwnFailure(error: TaskError, delivery: Delivery): Failure {
  const failure = toFailure(error);
  if (isErrorCode(failure.code)) return failure;
  const what = "threw a TaskError whose code is not a text of 1 to 255 bytes";
  return toFailure(invalidOutput(what, error, delivery));
}

// The place and the kind of the value, never the value.
function notJSON(error: NotJSONError, delivery: Delivery): Failure {
  return toFailure(
    invalidOutput("returned what is not JSON", error, delivery, ` ${error.message}.`),
  );
}

/** The failure for what a caller must not see. */
function hide(error: unknown, delivery: Delivery): Failure {
  const id = logFailure("failed", error, delivery);
  const text = `The handler of "${delivery.route}" failed; its worker's log has it as ${id}.`;
  return toFailure(new TaskError("internal", text, { id }));
}
