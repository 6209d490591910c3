import { BgtasksError, ProtocolError } from "../errors.ts";
import type { Message } from "../messages/message.ts";
import { ERROR_HEADER, fromFailure } from "../messages/failure.ts";
import { isOwnType } from "../messages/message_type.ts";
import { describeThrown, quote } from "../messages/printable.ts";
import { readBody, UnreadableBodyError } from "../messages/read_body.ts";

/**
 * Reads what a peer answered. Everything that a reply holds passes here, and whatever goes wrong is an error of this one
 * call.
 *
 * @returns what the handler returned
 * @throws BgtasksError with which the call rejects
 */
export function readReply(route: string, reply: Message, maxBytes: number): unknown {
  if (isOwnType(reply.type))
    throw unreadable(route, `its type ${quote(reply.type)} is not known to this version`);
  return readAnswer(route, reply, maxBytes);
}

/** The same for a message whose type has been looked at. */
export function readAnswer(route: string, reply: Message, maxBytes: number): unknown {
  try {
    const errorCode = reply.headers[ERROR_HEADER];
    const value = readBody(reply.body, maxBytes);
    if (errorCode === undefined) return value;
    // Of any other type it marks a failure all the same, only not which one.
    throw fromFailure(route, typeof errorCode === "string" ? errorCode : "", value);
  } catch (error) {
    if (error instanceof BgtasksError) throw error;
    if (!(error instanceof UnreadableBodyError)) throw unreadable(route, describeThrown(error));
    const { contentType, appId, body } = reply;
    const { byteLength } = body;
    switch (error.reason) {
      case "too_large": {
        const rule = `it takes ${byteLength} bytes, more than maxMessageBytes: ${maxBytes}`;
        throw new BgtasksError("too_large", `Cannot take the reply of "${route}" as ${rule}`);
      }
      case "too_deep":
        throw unreadable(route, error.message);
      case "not_utf8":
      case "not_json":
        throw unreadable(
          route,
          `${byteLength} bytes that are not JSON (${describeSender(contentType, appId)})`,
        );
    }
  }
}

function describeSender(contentType: string | undefined, appId: string | undefined): string {
  const type = contentType === undefined ? "no content type" : `content type ${quote(contentType)}`;
  return appId === undefined ? type : `${type}, sent by the app ${quote(appId)}`;
}

function unreadable(route: string, what: string): ProtocolError {
  return new ProtocolError(`Cannot read the reply of "${route}": ${what}`);
}
