import { NotJSONError, TaskError, type ValidationError } from "../errors.ts";
import type { Failure } from "../messages/failure.ts";
import { isErrorCode, toFailure } from "../messages/failure.ts";
import type { RequestContext } from "./request_context.ts";
import { logFailure } from "./request_log.ts";

/** What the framework ends a request with, told to the sender as it is. What handlers throw themselves is never of this kind. */
export class Refusal extends Error {
  readonly error: TaskError | ValidationError;
  readonly failure: Failure;

  constructor(error: TaskError | ValidationError) {
    super(error.message);
    this.error = error;
    this.failure = toFailure(error);
  }
}

/**
 * What the caller is told of what a handler or a schema threw, which may be anything. Whatever the caller must not see is
 * logged, and the failure has the id of the record.
 */
export function explainError(error: unknown, request: RequestContext): Failure {
  try {
    if (error instanceof Refusal) return error.failure;
    if (error instanceof TaskError) return explainTaskError(error, request);
    if (error instanceof NotJSONError) return explainNotJSON(error, request);
  } catch {
    // A Proxy, or getters that throw.
  }
  return hide(error, request);
}

/** The failure that a handler chose. Its code becomes a header, which the broker would not take in any form. */
function explainTaskError(error: TaskError, request: RequestContext): Failure {
  const failure = toFailure(error);
  if (isErrorCode(failure.code)) return failure;
  const what = "threw a TaskError whose code is not a text of 1 to 255 bytes";
  return toFailure(invalidOutput(what, error, request));
}

// The place and the kind of the value, never the value.
export function explainNotJSON(error: NotJSONError, request: RequestContext): Failure {
  return toFailure(
    invalidOutput("returned what is not JSON", error, request, ` ${error.message}.`),
  );
}

/** The failure for what a caller must not see. */
export function hide(error: unknown, request: RequestContext): Failure {
  const id = logFailure("failed", error, request);
  const text = `The handler of "${request.route}" failed; its worker's log has it as ${id}.`;
  return toFailure(new TaskError("internal", text, { id }));
}

/** What a caller is told of a handler's own mistake: where to read more, and no more than that. */
export function invalidOutput(
  what: string,
  error: unknown,
  request: RequestContext,
  detail = "",
): TaskError {
  const id = logFailure(what, error, request);
  const rule = `The handler of "${request.route}" ${what}; its worker's log has it as ${id}.${detail}`;
  return new TaskError("invalid_output", rule, { id });
}
