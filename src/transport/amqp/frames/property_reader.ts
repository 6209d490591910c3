import type { Buffer } from "node:buffer";

import type { IncomingMessage } from "./incoming_message.ts";

/**
 * Reads the properties of messages. Callers write what they like. The client library would end the connection over what it
 * cannot read, e.g. a field type that it does not know or tables nested ten thousand deep; the broker would then deliver
 * the message again, and so on for ever. Headers stay bytes until somebody asks for them, because for most messages nobody
 * does.
 */
export class PropertyReader {
  readonly #contentType = new RecentText();
  readonly #replyTo = new RecentText();
  readonly #expiration = new RecentText();
  readonly #type = new RecentText();
  readonly #appId = new RecentText();
  #at = 0;
  #end = 0;

  /** Reads the properties that begin at `from` and end before `end`, as far as they can be read. */
  read(message: IncomingMessage, frame: Buffer, from: number, end: number): void {
    this.#at = from;
    this.#end = end;
    try {
      this.#readInto(message, frame);
    } catch {
      // Keep what was read before the error: the reply queue is enough to answer with.
    }
  }

  // The order and the bits are those of the AMQP 0-9-1 specification, class basic.
  #readInto(message: IncomingMessage, frame: Buffer): void {
    const flags = frame.readUInt16BE(this.#skip(2));
    if (flags & 0x8000) message.contentType = this.#shortString(frame, this.#contentType);
    if (flags & 0x4000) message.contentEncoding = this.#shortString(frame);
    if (flags & 0x2000) {
      const from = this.#skip(4);
      this.#skip(frame.readUInt32BE(from));
      // A copy: the frame is a part of all that came with it.
      message.headerBytes = new Uint8Array(frame.subarray(from, this.#at));
    }
    if (flags & 0x1000) this.#skip(1); // delivery mode
    if (flags & 0x0800) this.#skip(1); // priority
    if (flags & 0x0400) {
      const from = this.#at + 1;
      const text = this.#shortString(frame);
      message.correlationId = text;
      if (text.includes("\ufffd"))
        message.correlationIdBytes = new Uint8Array(frame.subarray(from, this.#at));
    }
    if (flags & 0x0200) message.replyTo = this.#shortString(frame, this.#replyTo);
    if (flags & 0x0100) message.expiration = this.#shortString(frame, this.#expiration);
    if (flags & 0x0080) message.id = this.#shortString(frame);
    if (flags & 0x0040) {
      const at = this.#skip(8);
      message.timestamp = frame.readUInt32BE(at) * 2 ** 32 + frame.readUInt32BE(at + 4);
    }
    if (flags & 0x0020) message.type = this.#shortString(frame, this.#type);
    if (flags & 0x0010) this.#shortString(frame); // user id
    if (flags & 0x0008) message.appId = this.#shortString(frame, this.#appId);
  }

  #shortString(frame: Buffer, recent?: RecentText): string {
    const length = frame.readUInt8(this.#skip(1));
    const from = this.#skip(length);
    if (recent) return recent.read(frame, from, this.#at);
    return frame.toString("utf8", from, this.#at);
  }

  /** Moves past `length` bytes. @returns where they begin */
  #skip(length: number): number {
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#end) throw new RangeError("properties longer than their frame");
    return from;
  }
}

/**
 * Caches the last decoded value of one property: consecutive messages usually repeat it, and comparing bytes is cheaper
 * than decoding.
 */
class RecentText {
  #bytes = new Uint8Array();
  #text = "";

  read(frame: Buffer, from: number, end: number): string {
    if (!this.#matches(frame, from, end)) {
      this.#bytes = new Uint8Array(frame.subarray(from, end));
      this.#text = frame.toString("utf8", from, end);
    }
    return this.#text;
  }

  #matches(frame: Buffer, from: number, end: number): boolean {
    const bytes = this.#bytes;
    if (bytes.length !== end - from) return false;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== frame[from + i]) return false;
    return true;
  }
}
