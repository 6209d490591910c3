import { BgtasksError } from "../errors.ts";
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
 * @throws BgtasksError with `code` `"invalid_headers"`
 */
export function checkHeaders(
  headers: unknown,
  frameMax: number,
): asserts headers is MessageHeaders | undefined {
  if (headers === undefined) return;
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw invalid(`they must be an object: ${headers === null ? "null" : typeof headers}`);
  }
  let size = RESERVED;
  for (const [name, value] of Object.entries(headers)) {
    const nameLength = byteLength(name);
    if (name === "" || nameLength > MAX_NAME_BYTES) {
      throw invalid(
        `names must have 1 to ${MAX_NAME_BYTES} bytes: "${name.slice(0, 40)}" has ${nameLength}`,
      );
    }
    if (name === ERROR_HEADER) throw invalid(`"${ERROR_HEADER}" marks failures`);
    size += nameLength + 16 + checkValue(name, value);
  }
  if (size > frameMax) {
    throw invalid(
      `they must fit in one frame of ${frameMax} bytes, together with the rest: they take ${size}`,
    );
  }
}

/** The bytes that a value takes beside a fixed part. */
function checkValue(name: string, value: unknown): number {
  if (typeof value === "string") return byteLength(value);
  if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return 0;
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
