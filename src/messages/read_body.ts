import type { MessageBody } from "./message.ts";
import { readJSON } from "./json.ts";

/** Why a body cannot be read. */
export class UnreadableBodyError extends Error {
  readonly reason: "too_large" | "not_utf8" | "not_json" | "too_deep";

  constructor(reason: UnreadableBodyError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Reads the JSON of a body that a peer wrote.
 *
 * @throws UnreadableBodyError and nothing else
 */
export function readBody(body: MessageBody, maxBytes: number): unknown {
  const { byteLength } = body;
  if (body.isLongerThan(maxBytes)) {
    throw new UnreadableBodyError("too_large", `${byteLength} bytes, more than ${maxBytes}`);
  }
  const text = body.readText();
  if (text === undefined)
    throw new UnreadableBodyError("not_utf8", `${byteLength} bytes that are not UTF-8`);
  try {
    return readJSON(text);
  } catch (error) {
    if (error instanceof RangeError) throw new UnreadableBodyError("too_deep", error.message);
    throw new UnreadableBodyError("not_json", `${byteLength} bytes that are not JSON`);
  }
}
