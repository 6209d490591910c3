import type { FieldErrors, ValidationIssue } from "../errors.ts";
import { ProtocolError, RemoteError, type TaskError, ValidationError } from "../errors.ts";

import { takeCause } from "./local_causes.ts";

/** The header that marks a reply as the framework's word, not the handler's; its value is the error's code. */
export const ERROR_HEADER = "bgtasks-error";

/** What a framework failure says on the wire. Its `status` lets callers without the header see a failure too. */
type FailureBody =
  | {
      readonly status: "fail";
      readonly data: FieldErrors;
      readonly issues: readonly ValidationIssue[];
    }
  | {
      readonly status: "fail";
      readonly data: { readonly code: string; readonly message: string; readonly data: unknown };
    };

/** A request that the framework answers itself, in place of the handler's reply. */
export interface Failure {
  readonly code: string;
  readonly body: FailureBody;
}

/** The failure for an error that may be told to the caller. */
export function toFailure(error: TaskError | ValidationError): Failure {
  if (error instanceof ValidationError) {
    return { code: error.code, body: { status: "fail", data: error.errors, issues: error.issues } };
  }
  const { code, message, data } = error;
  return { code, body: { status: "fail", data: { code, message, data } } };
}

/** The error a caller gets for a failure reply. The body comes from a peer, so nothing about it is taken for granted. */
export function fromFailure(
  route: string,
  code: string,
  body: unknown,
): RemoteError | ValidationError | ProtocolError {
  if (!isRecord(body) || body.status !== "fail" || !isRecord(body.data)) {
    return new ProtocolError(
      `Cannot read the failure "${code}" that "${route}" answered: its body has another shape`,
    );
  }
  if (code === "invalid_input") {
    const issues = Array.isArray(body.issues) ? body.issues.filter(isIssue) : [];
    return new ValidationError(`"${route}"`, issues, readFieldErrors(body.data));
  }
  const { message, data } = body.data;
  const error = new RemoteError(
    route,
    code,
    typeof message === "string" ? message : `"${route}" failed: ${code}`,
    data ?? null,
  );
  const cause = takeCause(data);
  // As the constructor of Error would set it: not among the fields that JSON has.
  if (cause !== undefined) Object.defineProperty(error, "cause", { value: cause, writable: true });
  return error;
}

function readFieldErrors(data: Record<string, unknown>): FieldErrors {
  const entries = Object.entries(data);
  return Object.fromEntries(
    entries.map(([field, messages]) => [
      field,
      Array.isArray(messages) ? messages.map(String) : [String(messages)],
    ]),
  );
}

function isIssue(value: unknown): value is ValidationIssue {
  return isRecord(value) && typeof value.message === "string" && Array.isArray(value.path);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
