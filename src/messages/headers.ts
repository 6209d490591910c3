import { BgtasksError } from "../errors.ts";
import { toWellFormed } from "./byte_length.ts";
import { ERROR_HEADER } from "./failure.ts";
import type { MessageHeaders } from "./message.ts";

const encoder = new TextEncoder();

/** What begins so is this library's word, now or later. */
const OWN_PREFIX = "bgtasks-";

/** RabbitMQ sends copies to the queues that these name, and closes the channel of whoever gives it anything but a list. */
const ROUTING = ["CC", "BCC"];

/** Brokers take no longer names. */
const MAX_NAME_BYTES = 255;

/**
 * Checks what a program wants to send beside the body. The broker would answer wrong headers by ending the connection,
 * and with it every other call.
 *
 * @returns a copy: what was checked is what is sent, also when the caller changes its object or a getter changes its mind
 * @throws BgtasksError with `code` `"invalid_headers"`
 */
export function takeHeaders(headers: unknown): MessageHeaders | undefined {
  if (headers === undefined) return undefined;
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw invalidHeaders(`they must be an object: ${headers === null ? "null" : typeof headers}`);
  }
  const entries = Object.entries(headers).map(([name, value]: [string, unknown]) => {
    return [toWellFormed(name), toSendable(value)] as const;
  });
  for (const [name, value] of entries) {
    const nameLength = byteLength(name);
    if (name === "" || nameLength > MAX_NAME_BYTES) {
      throw invalidHeaders(
        `names must have 1 to ${MAX_NAME_BYTES} bytes: "${name.slice(0, 40)}" has ${nameLength}`,
      );
    }
    if (name === ERROR_HEADER) throw invalidHeaders(`"${ERROR_HEADER}" marks failures`);
    if (name.startsWith(OWN_PREFIX))
      throw invalidHeaders(
        `names that begin with "${OWN_PREFIX}" belong to the library: "${name}"`,
      );
    if (ROUTING.includes(name)) throw invalidHeaders(`the broker routes by "${name}"`);
    checkValue(name, value);
  }
  // Checked above.
  return Object.fromEntries(entries) as MessageHeaders;
}

/** A value as it arrives: half a pair of surrogates and −0 do not. */
function toSendable(value: unknown): unknown {
  if (typeof value === "string") return toWellFormed(value);
  return value === 0 ? 0 : value;
}

function checkValue(name: string, value: unknown): void {
  if (typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  throw invalidHeaders(
    `"${name}" must be text, a finite number, true or false: ${typeof value === "number" ? value : typeof value}`,
  );
}

function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** What is wrong with headers, as an error. */
export function invalidHeaders(rule: string): BgtasksError {
  return new BgtasksError("invalid_headers", `Cannot send these headers as ${rule}`);
}
