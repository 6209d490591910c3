import { BgtasksError, ProtocolError } from "../errors.ts";
import type { IncomingReply, MessageBody } from "../transport/transport.ts";
import { fromFailure } from "../wire/failure.ts";
import { readJSON } from "../wire/json.ts";
import { describeThrown, quote } from "../wire/printable.ts";

/**
 * Reads what a peer answered. Everything that a reply holds passes here, and whatever goes wrong is an error of this one
 * call.
 *
 * @returns what the handler returned
 * @throws BgtasksError with which the call rejects
 */
export function readReply(route: string, reply: IncomingReply, maxBytes: number): unknown {
  try {
    return read(route, reply, maxBytes);
  } catch (error) {
    if (error instanceof BgtasksError) throw error;
    throw unreadable(route, describeThrown(error));
  }
}

function read(route: string, { body, errorCode }: IncomingReply, maxBytes: number): unknown {
  if (body.isLongerThan(maxBytes)) {
    const rule = `it takes ${body.byteLength} bytes, more than maxMessageBytes: ${maxBytes}`;
    throw new BgtasksError("too_large", `Cannot take the reply of "${route}" as ${rule}`);
  }
  const value = readBody(route, body);
  if (errorCode === undefined) return value;
  throw fromFailure(route, errorCode, value);
}

function readBody(route: string, body: MessageBody): unknown {
  const text = body.readText();
  if (text === undefined) throw notJSON(route, body);
  try {
    return readJSON(text);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw notJSON(route, body);
  }
}

function notJSON(route: string, { byteLength, contentType, appId }: MessageBody): ProtocolError {
  const sender = appId === undefined ? "" : `, sent by the app ${quote(appId)}`;
  const type = contentType === undefined ? "no content type" : `content type ${quote(contentType)}`;
  return unreadable(route, `${byteLength} bytes that are not JSON (${type}${sender})`);
}

function unreadable(route: string, what: string): ProtocolError {
  return new ProtocolError(`Cannot read the reply of "${route}": ${what}`);
}
