import { showId } from "../rows/fields.ts";

/** What Python bgtasks says of remote fields, word for word: callers may compare. */

/** How much of an id a message shows: whoever sent a long one need not have it back. */
const MAX_SHOWN = 100;

export const REQUIRED = "This field is required.";

export const NOT_NULL = "This field may not be null.";

export const MUST_BE_ARRAY = "Must be array.";

export function doesNotExist(id: unknown): string {
  return `Invalid pk "${shorten(showId(id))}" - object does not exist.`;
}

export function incorrectType(value: unknown): string {
  return `Incorrect type. Expected pk value, received ${nameType(value)}.`;
}

export function timeoutError(route: string): string {
  return `Timeout error(${route})`;
}

export function wrongFormat(route: string): string {
  return `Format of response is not correct or route to service is incorrect(${route})`;
}

/** The type of a value, for a message. */
export function nameType(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

/** A value in short: text in quotes, and of objects and functions no more than what they are. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return `"${shorten(value)}"`;
  const isScalar = typeof value === "number" || typeof value === "boolean";
  return isScalar ? String(value) : nameType(value);
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
