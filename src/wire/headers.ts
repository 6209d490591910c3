import { BgtasksError } from "../errors.ts";
import { toWellFormed } from "./byte_length.ts";
import { ERROR_HEADER } from "./failure.ts";
import type { MessageHeaders } from "../transport/transport.ts";

const encoder = new TextEncoder();

/** AMQP writes names as short strings, whose length is one byte. */
const MAX_NAME_BYTES = 255;

/** What the properties beside the headers take of their frame, at most, in bytes. */
const RESERVED = 2_048;

/**
 * Checks what a caller wants to send beside the body. The broker would answer wrong headers by ending the connection,
 * and with it every other call.
 *
 * @param frameMax the largest frame, in bytes; headers have to fit in one
 * @returns a copy: what was checked is what is sent, also when the caller changes its object or a getter changes its mind
 * @throws BgtasksError with `code` `"invalid_headers"`
 */
export function takeHeaders(headers: unknown, frameMax: number): MessageHeaders | undefined {
  if (headers === undefined) return undefined;
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw invalid(`they must be an object: ${headers === null ? "null" : typeof headers}`);
  }
  const entries = Object.entries(headers).map(([name, value]: [string, unknown]) => {
    return [toWellFormed(name), typeof value === "string" ? toWellFormed(value) : value] as const;
  });
  for (const [name, value] of entries) {
    const nameLength = byteLength(name);
    if (name === "" || nameLength > MAX_NAME_BYTES) {
      throw invalid(
        `names must have 1 to ${MAX_NAME_BYTES} bytes: "${name.slice(0, 40)}" has ${nameLength}`,
      );
    }
    if (name === ERROR_HEADER) throw invalid(`"${ERROR_HEADER}" marks failures`);
    checkValue(name, value);
  }
  // Checked above.
  const copy = Object.fromEntries(entries) as MessageHeaders;
  const error = findTooLong(copy, frameMax);
  if (error) throw error;
  return copy;
}

/** Why headers do not fit into a frame of this size; undefined when they do. */
export function findTooLong(headers: MessageHeaders, frameMax: number): BgtasksError | undefined {
  let size = RESERVED;
  for (const [name, value] of Object.entries(headers))
    size += byteLength(name) + 16 + (typeof value === "string" ? byteLength(value) : 0);
  if (size <= frameMax) return undefined;
  return invalid(
    `they must fit in one frame of ${frameMax} bytes, together with the rest: they take ${size}`,
  );
}

function checkValue(name: string, value: unknown): void {
  if (typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  throw invalid(
    `"${name}" must be text, a finite number, true or false: ${typeof value === "number" ? value : typeof value}`,
  );
}

function byteLength(text: string): number {
  return encoder.encode(text).length;
}

function invalid(rule: string): BgtasksError {
  return new BgtasksError("invalid_headers", `Cannot send these headers as ${rule}`);
}
