import { byteLength } from "../messages/byte_length.ts";
import { describeThrown } from "../messages/printable.ts";

/** Why the last attempt of a job failed, as it travels with the job. */
export interface JobError {
  /** The error's class, e.g. `"TypeError"`. */
  readonly name: string;
  /** The error's `code`, if it has one that is text. */
  readonly code?: string;
  /** The error's message, at most 2,048 bytes of it. */
  readonly message: string;
  /** When it was thrown, in milliseconds since 1970 by the worker's clock. */
  readonly at: number;
  /** The name of the worker's connection, which is the setting `name`. */
  readonly worker?: string;
}

/** Bounds of what is written and of what is read, in bytes. */
const MAX_NAME_BYTES = 128;
const MAX_MESSAGE_BYTES = 2_048;
const MAX_STACK_BYTES = 8_192;

/** An error is caused by another, and so on; a cycle is possible. */
const MAX_CAUSES = 5;

/**
 * What is told of something that a handler threw: its name, code and message, and nothing else that it holds. Never throws,
 * whatever that was.
 */
export function toJobError(thrown: unknown, at: number, worker?: string): JobError {
  const name = textOf(thrown, "name") ?? (isError(thrown) ? "Error" : typeof thrown);
  const code = textOf(thrown, "code");
  return {
    name: cut(name, MAX_NAME_BYTES),
    ...(code !== undefined && { code: cut(code, MAX_NAME_BYTES) }),
    message: cut(messageOf(thrown), MAX_MESSAGE_BYTES),
    at,
    ...(worker !== undefined && { worker: cut(worker, MAX_NAME_BYTES) }),
  };
}

/** Where something was thrown, and what caused it, in at most 8,192 bytes; undefined for what has no stack. */
export function toStack(thrown: unknown): string | undefined {
  const stacks: string[] = [];
  let error = thrown;
  while (stacks.length < MAX_CAUSES) {
    const stack = textOf(error, "stack");
    if (stack === undefined) break;
    stacks.push(stack);
    error = read(error, "cause");
  }
  return stacks.length === 0 ? undefined : cut(stacks.join("\ncaused by: "), MAX_STACK_BYTES);
}

/** Writes an error as the text of a header. */
export function writeJobError(error: JobError): string {
  return JSON.stringify(error);
}

/** Reads an error from a header, which anybody may have written: undefined when it is none of ours. */
export function readJobError(header: unknown): JobError | undefined {
  if (header === undefined) return undefined;
  const fields = parse(header);
  const { name, code, message, at, worker } = fields;
  if (typeof name !== "string" || typeof message !== "string") return undefined;
  return {
    name: cut(name, MAX_NAME_BYTES),
    ...(typeof code === "string" && { code: cut(code, MAX_NAME_BYTES) }),
    message: cut(message, MAX_MESSAGE_BYTES),
    at: isMoment(at) ? at : 0,
    ...(typeof worker === "string" && { worker: cut(worker, MAX_NAME_BYTES) }),
  };
}

/** Reads a stack from a header. */
export function readStack(header: unknown): string | undefined {
  return typeof header === "string" ? cut(header, MAX_STACK_BYTES) : undefined;
}

/** Whether a value is a time that a `Date` can be, from 1970 on. */
export function isMoment(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 8.64e15;
}

/** The beginning of a text that has too many bytes; what was cut off is marked. */
export function cut(text: string, maxBytes: number): string {
  if (byteLength(text) <= maxBytes) return text;
  const mark = "…";
  let bytes = byteLength(mark);
  let end = 0;
  for (const character of text) {
    bytes += byteLength(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end) + mark;
}

function parse(header: unknown): Readonly<Record<string, unknown>> {
  // Longer than we write it, with every character escaped.
  if (typeof header !== "string" || header.length > 8 * MAX_MESSAGE_BYTES) return {};
  try {
    const value: unknown = JSON.parse(header);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function messageOf(thrown: unknown): string {
  const message = read(thrown, "message");
  if (typeof message === "string") return message;
  return isError(thrown) ? "its message is not text" : describeThrown(thrown);
}

function isError(thrown: unknown): boolean {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

function textOf(thrown: unknown, key: string): string | undefined {
  const value = read(thrown, key);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A property of what was thrown, which may be a Proxy or have getters that throw. */
function read(thrown: unknown, key: string): unknown {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  try {
    return (thrown as Readonly<Record<string, unknown>>)[key];
  } catch {
    return undefined;
  }
}
