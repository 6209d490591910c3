import type { ValidationIssue } from "../errors.ts";
import { ProtocolError } from "../errors.ts";
import { formatPath } from "../schema/issues.ts";
import type { RowId } from "../rows/fields.ts";

/** Remote rows that a field could not have. */
export interface RemoteFailure {
  /** The route that was to answer. */
  readonly route: string;
  /** The field, by the names that lead to it: `author.avatar`. */
  readonly field: string;
  /** The ids whose rows failed. */
  readonly ids: readonly RowId[];
  /** What went wrong: a call's error, or what is wrong with the row. */
  readonly error: unknown;
}

/** Thrown where a remote object that failed would stand, to make what holds it fail. */
export class FailedObject extends Error {
  readonly failure: unknown;

  constructor(failure: unknown) {
    super("A remote object failed");
    this.failure = failure;
  }
}

/** The error of rows that a schema refuses. */
export function refused(what: string, issues: readonly ValidationIssue[]): ProtocolError {
  const lines = issues.map(
    ({ path, message }) => `\n  - ${path.length > 0 ? `${formatPath(path)}: ` : ""}${message}`,
  );
  return new ProtocolError(`Cannot use ${what}:${lines.join("")}`);
}
