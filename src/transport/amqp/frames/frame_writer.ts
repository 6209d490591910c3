/**
 * Writes the three frames this library sends for every call, straight into the buffer that goes to the socket: publish,
 * ack and nack. The client library's own methods build a buffer and several promises for each; this is where the
 * throughput of the calls in flight comes from. Everything else is left to that library.
 *
 * Layouts: AMQP 0-9-1 specification, sections 4.2.3 (frames), 4.2.5 (fields) and 4.2.6 (content).
 */
import { Buffer } from "node:buffer";

import type { MessageHeaders } from "../../../messages/message.ts";

/** Properties of a message, by their AMQP names. Absent ones are not sent. */
export interface MessageProperties {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly headers?: MessageHeaders | undefined;
  /** 2 for a message that survives a restart of the broker. */
  readonly deliveryMode?: 1 | 2 | undefined;
  /** As bytes when it is a peer's that is no text. */
  readonly correlationId?: string | Uint8Array | undefined;
  readonly replyTo?: string | undefined;
  /** Milliseconds, as text. */
  readonly expiration?: string | undefined;
  readonly messageId?: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp?: number | undefined;
  readonly type?: string | undefined;
  readonly appId?: string | undefined;
}

/** What a publish frame needs beside its body. */
export interface Publish {
  /** The default exchange, which knows every queue by its name, when it is left out. */
  readonly exchange?: string | undefined;
  readonly routingKey: string;
  readonly mandatory: boolean;
  readonly properties: MessageProperties;
}

const METHOD = 1;
const HEADER = 2;
const BODY = 3;
const FRAME_END = 0xce;
/** Type, channel and size before a frame's content, and the end mark after it. */
const FRAME_OVERHEAD = 8;
/** Type and channel. */
const PREAMBLE_BEFORE_SIZE = 3;
const BASIC = 60;
const BASIC_PUBLISH = 40;
const BASIC_ACK = 80;
const BASIC_NACK = 120;
const NACK_REQUEUE = 0b10;

/** The size of an ack or nack frame. */
export const ACK_SIZE = 21;

const encoder = new TextEncoder();

/** A character of UTF-8 takes at most so many bytes. */
const MAX_CHARACTER = 4;

/** An upper bound of the bytes that {@link FrameWriter.publish} writes. */
export function publishSize(
  { exchange = "", routingKey, properties }: Publish,
  body: string | Uint8Array,
  frameMax: number,
): number {
  // A short body is not looked at: no UTF-16 unit takes more than 3 bytes.
  const bodyLength = body.length <= 1_000 ? 3 * body.length : Buffer.byteLength(body);
  const bodyFrames = 1 + Math.floor(bodyLength / (frameMax - FRAME_OVERHEAD - MAX_CHARACTER));
  let size = 64 + bodyLength + bodyFrames * FRAME_OVERHEAD;
  size += 3 * (exchange.length + routingKey.length);
  const {
    contentType = "",
    contentEncoding = "",
    correlationId = "",
    replyTo = "",
    expiration = "",
    messageId = "",
    type = "",
    appId = "",
    headers,
  } = properties;
  size += 3 * (contentType.length + correlationId.length + replyTo.length + expiration.length);
  size += 3 * (messageId.length + type.length + appId.length + contentEncoding.length);
  if (headers) {
    for (const [key, value] of Object.entries(headers)) {
      size += 16 + 3 * key.length + (typeof value === "string" ? 3 * value.length : 0);
    }
  }
  return size;
}

/** Writes frames at {@link FrameWriter.position}, which the caller has made sure there is room for. */
export class FrameWriter {
  readonly bytes: Uint8Array;
  position = 0;
  readonly #view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  /**
   * @returns how many bytes the body takes
   * @throws RangeError when the properties do not fit in a frame; nothing is written then
   */
  publish(
    channel: number,
    { exchange = "", routingKey, mandatory, properties }: Publish,
    body: string | Uint8Array,
    frameMax: number,
  ): number {
    const start = this.position;
    const method = this.#startFrame(METHOD, channel);
    this.#uint16(BASIC);
    this.#uint16(BASIC_PUBLISH);
    this.#uint16(0);
    this.#shortString(exchange);
    this.#shortString(routingKey);
    this.#uint8(mandatory ? 1 : 0);
    this.#endFrame(method);
    const header = this.#startFrame(HEADER, channel);
    this.#uint16(BASIC);
    this.#uint16(0);
    const bodyLengthAt = this.position;
    this.position += 8;
    this.#properties(properties);
    this.#endFrame(header);
    const headerSize = this.position - header + PREAMBLE_BEFORE_SIZE;
    if (headerSize > frameMax) {
      this.position = start;
      throw new RangeError(`properties of ${headerSize} bytes, where a frame has ${frameMax}`);
    }
    const largest = frameMax - FRAME_OVERHEAD;
    const bodyLength =
      typeof body === "string"
        ? this.#body(channel, body, largest)
        : this.#bodyOfBytes(channel, body, largest);
    this.#setUint64(bodyLengthAt, bodyLength);
    return bodyLength;
  }

  /** Writes a body in frames of at most `largest` bytes. @returns how many bytes it has */
  #body(channel: number, body: string, largest: number): number {
    let length = 0;
    for (let rest = body; rest !== "";) {
      const frame = this.#startFrame(BODY, channel);
      const room = this.bytes.subarray(this.position, this.position + largest);
      const { read, written } = encoder.encodeInto(rest, room);
      this.position += written;
      length += written;
      this.#endFrame(frame);
      rest = read === rest.length ? "" : rest.slice(read);
    }
    return length;
  }

  #bodyOfBytes(channel: number, body: Uint8Array, largest: number): number {
    for (let at = 0; at < body.length; at += largest) {
      const frame = this.#startFrame(BODY, channel);
      this.raw(body.subarray(at, at + largest));
      this.#endFrame(frame);
    }
    return body.length;
  }

  ack(channel: number, deliveryTag: number): void {
    this.#acknowledge(channel, BASIC_ACK, deliveryTag, 0);
  }

  /** Gives a message back to its queue. */
  requeue(channel: number, deliveryTag: number): void {
    this.#acknowledge(channel, BASIC_NACK, deliveryTag, NACK_REQUEUE);
  }

  /** Refuses a message: it goes to its queue's dead-letter exchange, if there is one. */
  reject(channel: number, deliveryTag: number): void {
    this.#acknowledge(channel, BASIC_NACK, deliveryTag, 0);
  }

  /** Writes frames that somebody else made. */
  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.position);
    this.position += bytes.length;
  }

  #acknowledge(channel: number, method: number, deliveryTag: number, flags: number): void {
    const frame = this.#startFrame(METHOD, channel);
    this.#uint16(BASIC);
    this.#uint16(method);
    this.#uint64(deliveryTag);
    this.#uint8(flags);
    this.#endFrame(frame);
  }

  #startFrame(type: number, channel: number): number {
    this.#uint8(type);
    this.#uint16(channel);
    const sizeAt = this.position;
    this.position += 4;
    return sizeAt;
  }

  #endFrame(sizeAt: number): void {
    this.#view.setUint32(sizeAt, this.position - sizeAt - 4);
    this.#uint8(FRAME_END);
  }

  // One bit a property, from the highest down, then those that are set in the same order.
  #properties({
    contentType,
    contentEncoding,
    headers,
    deliveryMode,
    correlationId,
    replyTo,
    expiration,
    messageId,
    timestamp,
    type,
    appId,
  }: MessageProperties): void {
    let flags = 0;
    const flagsAt = this.position;
    this.position += 2;
    if (contentType !== undefined) {
      flags |= 0x8000;
      this.#shortString(contentType);
    }
    if (contentEncoding !== undefined) {
      flags |= 0x4000;
      this.#shortString(contentEncoding);
    }
    if (headers !== undefined) {
      flags |= 0x2000;
      this.#table(headers);
    }
    if (deliveryMode !== undefined) {
      flags |= 0x1000;
      this.#uint8(deliveryMode);
    }
    if (correlationId !== undefined) {
      flags |= 0x0400;
      if (typeof correlationId === "string") this.#shortString(correlationId);
      else this.#shortBytes(correlationId);
    }
    if (replyTo !== undefined) {
      flags |= 0x0200;
      this.#shortString(replyTo);
    }
    if (expiration !== undefined) {
      flags |= 0x0100;
      this.#shortString(expiration);
    }
    if (messageId !== undefined) {
      flags |= 0x0080;
      this.#shortString(messageId);
    }
    if (timestamp !== undefined) {
      flags |= 0x0040;
      this.#uint64(timestamp);
    }
    if (type !== undefined) {
      flags |= 0x0020;
      this.#shortString(type);
    }
    if (appId !== undefined) {
      flags |= 0x0008;
      this.#shortString(appId);
    }
    this.#view.setUint16(flagsAt, flags);
  }

  #table(headers: MessageHeaders): void {
    const sizeAt = this.position;
    this.position += 4;
    for (const [key, value] of Object.entries(headers)) {
      this.#shortString(key);
      this.#field(value);
    }
    this.#view.setUint32(sizeAt, this.position - sizeAt - 4);
  }

  #field(value: string | number | boolean): void {
    if (typeof value === "string") {
      this.#uint8(0x53); // S: long string
      const sizeAt = this.position;
      this.position += 4;
      this.#text(value);
      this.#view.setUint32(sizeAt, this.position - sizeAt - 4);
    } else if (typeof value === "boolean") {
      this.#uint8(0x74); // t
      this.#uint8(value ? 1 : 0);
    } else if (Number.isSafeInteger(value)) {
      this.#uint8(0x6c); // l: signed 64 bits
      this.#view.setBigInt64(this.position, BigInt(value));
      this.position += 8;
    } else {
      this.#uint8(0x64); // d: double
      this.#view.setFloat64(this.position, value);
      this.position += 8;
    }
  }

  #uint8(value: number): void {
    this.bytes[this.position++] = value;
  }

  #uint16(value: number): void {
    this.#view.setUint16(this.position, value);
    this.position += 2;
  }

  #uint64(value: number): void {
    this.#setUint64(this.position, value);
    this.position += 8;
  }

  #setUint64(at: number, value: number): void {
    this.#view.setUint32(at, Math.floor(value / 2 ** 32));
    this.#view.setUint32(at + 4, value >>> 0);
  }

  #shortString(text: string): void {
    const lengthAt = this.position++;
    this.#text(text);
    this.bytes[lengthAt] = this.position - lengthAt - 1;
  }

  #shortBytes(bytes: Uint8Array): void {
    this.#uint8(bytes.length);
    this.raw(bytes);
  }

  #text(text: string): void {
    // Names are short and nearly always ASCII, where a loop is faster than a call into the runtime.
    const { bytes } = this;
    let at = this.position;
    if (text.length <= 64) {
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 0x7f) return this.#utf8(text);
        bytes[at++] = unit;
      }
      this.position = at;
    } else {
      this.#utf8(text);
    }
  }

  #utf8(text: string): void {
    this.position += encoder.encodeInto(text, this.bytes.subarray(this.position)).written;
  }
}
