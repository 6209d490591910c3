import type { Message } from "../messages/message.ts";
import { readBody } from "../messages/read_body.ts";

/** The longest number, in bytes. */
const MAX_LENGTH = 64;

/** The number that a credit has; a peer may have written anything. */
export function readNumber({ body }: Message): number | undefined {
  try {
    const value = readBody(body, MAX_LENGTH);
    return typeof value === "number" ? value : undefined;
  } catch {
    return undefined;
  }
}
