import { BgtasksError } from "../errors.ts";
import type { ResolvedSettings } from "../settings/settings.ts";
import { byteLength, isLongerThan } from "../messages/byte_length.ts";
import { invalidHeaders, takeHeaders } from "../messages/headers.ts";
import type { MessageHeaders } from "../messages/message.ts";

/** What the properties beside the headers take of the frame that has them both, at most, in bytes. */
const OTHER_PROPERTIES = 2_048;

/**
 * Takes the headers that a program wants to send.
 *
 * @throws BgtasksError with `code` `"invalid_headers"`
 */
export function takeFittingHeaders(
  headers: unknown,
  settings: Pick<ResolvedSettings, "frameMax">,
): MessageHeaders | undefined {
  const taken = takeHeaders(headers);
  const tooLong = findTooLong(taken, settings);
  if (tooLong) throw tooLong;
  return taken;
}

/**
 * Refuses a body that takes more bytes than messages may.
 *
 * @param action what is not done then, e.g. `call "images.byIds"`
 * @throws BgtasksError with `code` `"too_large"`
 */
export function refuseTooLarge(
  action: string,
  body: string,
  { maxMessageBytes: max }: Pick<ResolvedSettings, "maxMessageBytes">,
): void {
  if (!isLongerThan(max, body)) return;
  throw new BgtasksError(
    "too_large",
    `Cannot ${action} as its input takes ${byteLength(body)} bytes, more than maxMessageBytes: ${max}`,
  );
}

/** Why these settings let no message carry the headers; undefined when they do. A broker may still allow less. */
export function findTooLong(
  headers: MessageHeaders | undefined,
  { frameMax }: Pick<ResolvedSettings, "frameMax">,
): BgtasksError | undefined {
  if (!headers) return undefined;
  let size = OTHER_PROPERTIES;
  for (const [name, value] of Object.entries(headers))
    size += byteLength(name) + 16 + (typeof value === "string" ? byteLength(value) : 0);
  if (size <= frameMax) return undefined;
  return invalidHeaders(
    `they must fit in one frame of ${frameMax} bytes, together with the rest: they take ${size}`,
  );
}
