import type { FieldErrors, ValidationIssue } from "../errors.ts";
import { ProtocolError, RemoteError, type TaskError, ValidationError } from "../errors.ts";
import { byteLength } from "./byte_length.ts";
import { quote } from "./printable.ts";

import { takeCause } from "./local_causes.ts";

/** The header that marks a reply as the framework's word, not the handler's; its value is the error's code. */
export const ERROR_HEADER = "bgtasks-error";

/** A code is the value of a header, and programs compare it: it is as short as a name. */
const MAX_CODE_BYTES = 255;

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

/** Whether a value can be an error's code on the wire: a text of 1 to 255 bytes. */
export function isErrorCode(code: unknown): code is string {
  return typeof code === "string" && code !== "" && byteLength(code) <= MAX_CODE_BYTES;
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
  if (!isErrorCode(code)) {
    const rule = `the header ${ERROR_HEADER} must be text of 1 to ${MAX_CODE_BYTES} bytes`;
    return new ProtocolError(`Cannot read the failure that "${route}" answered: ${rule}`);
  }
  if (!isRecord(body) || body.status !== "fail" || !isRecord(body.data)) {
    return new ProtocolError(
      `Cannot read the failure ${quote(code)} that "${route}" answered: its body has another shape`,
    );
  }
  if (code === "invalid_input" && !isOfHandler(code, body)) {
    const issues = Array.isArray(body.issues) ? body.issues.filter(isIssue) : [];
    return new ValidationError(`"${route}"`, issues.map(toIssue), readFieldErrors(body.data));
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

/**
 * Whether a failure of this code is what a handler threw on purpose, not what a schema found. A schema's has `issues`, or,
 * from a peer that knows none, fields alone.
 */
function isOfHandler(code: string, { data, issues }: Record<string, unknown>): boolean {
  if (Array.isArray(issues) || !isRecord(data)) return false;
  return data.code === code && typeof data.message === "string";
}

function readFieldErrors(data: Record<string, unknown>): FieldErrors {
  const entries = Object.entries(data);
  return Object.fromEntries(
    entries.map(([field, messages]) => [
      field,
      Array.isArray(messages) ? messages.map(toText) : [toText(messages)],
    ]),
  );
}

/** A message as text. It should be one, and from a peer it may be anything that JSON can say. */
function toText(message: unknown): string {
  return typeof message === "string" ? message : JSON.stringify(message);
}

function isIssue(value: unknown): value is ValidationIssue {
  if (!isRecord(value) || typeof value.message !== "string") return false;
  return Array.isArray(value.path) && value.path.every(isKey);
}

function isKey(key: unknown): boolean {
  return typeof key === "string" || typeof key === "number";
}

function toIssue({ message, path }: ValidationIssue): ValidationIssue {
  return { message, path };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
