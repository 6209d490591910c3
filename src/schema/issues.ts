import type { StandardSchemaV1 } from "@standard-schema/spec";

/** One rule that the input broke. */
export interface ValidationIssue {
  /** What is wrong, in words. */
  readonly message: string;
  /** Where: keys and indexes from the root of the input. */
  readonly path: readonly (string | number)[];
}

/** Messages by field; `non_field_errors` holds what concerns the input as a whole. */
export type FieldErrors = Record<string, string[]>;

/** The field that holds issues of the value as a whole; the name Django REST framework gives it. */
export const NON_FIELD_ERRORS = "non_field_errors";

/** Writes a path as JavaScript would: `items[2].image`. */
export function formatPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? key : `.${key}`;
  }
  return text;
}

/** Groups issues by field, as `{ field: [messages] }`. */
export function fieldErrors(issues: readonly ValidationIssue[]): FieldErrors {
  // A map first: a field may be named "__proto__", which an assignment would not store.
  const errors = new Map<string, string[]>();
  for (const { path, message } of issues) {
    const field = formatPath(path) || NON_FIELD_ERRORS;
    const messages = errors.get(field);
    if (messages) messages.push(message);
    else errors.set(field, [message]);
  }
  return Object.fromEntries(errors);
}

/** Turns the issues of any Standard Schema into plain ones. */
export function toValidationIssues(issues: readonly StandardSchemaV1.Issue[]): ValidationIssue[] {
  return issues.map(({ message, path = [] }) => ({ message, path: path.map(fromSegment) }));
}

/** A key as part of a path: a number as it is, anything else as text. */
export function toKey(key: unknown): string | number {
  return typeof key === "number" ? key : String(key);
}

function fromSegment(segment: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  return toKey(typeof segment === "object" ? segment.key : segment);
}
