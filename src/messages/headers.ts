import { BgtasksError } from "../errors.ts";
import { byteLength, toWellFormed } from "./byte_length.ts";
import type { MessageHeaders } from "./message.ts";

/** What begins so is this library's word, now or later. */
const OWN_PREFIX = "bgtasks-";

/**
 * What brokers write into messages, or act on. They believe it when it comes back: by `x-death` RabbitMQ takes a message that
 * was delayed before for one that goes in a circle, a worker counts deliveries by `x-delivery-count`, and `CC` names further
 * queues.
 */
const OF_BROKER = /^(?:x-death|x-(?:first|last)-death-.*|x-delivery-count|x-acquired-count|B?CC)$/;

/** Whether a header is one that brokers write, or that they act on. */
export function isOfBroker(name: string): boolean {
  return OF_BROKER.test(name);
}

/** Headers without those of this library, for programs to see. */
export function withoutOwn(
  headers: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(headers);
  const others = entries.filter(([name]) => !isOwnHeader(name));
  return others.length === entries.length ? headers : Object.fromEntries(others);
}

/** Whether a header is this library's. */
export function isOwnHeader(name: string): boolean {
  return name.startsWith(OWN_PREFIX);
}

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
    if (isOwnHeader(name))
      throw invalidHeaders(
        `names that begin with "${OWN_PREFIX}" belong to the library: "${name}"`,
      );
    if (isOfBroker(name)) throw invalidHeaders(`the broker writes or acts on "${name}"`);
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

/** What is wrong with headers, as an error. */
export function invalidHeaders(rule: string): BgtasksError {
  return new BgtasksError("invalid_headers", `Cannot send these headers as ${rule}`);
}
