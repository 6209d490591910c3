/**
 * Reads frames from the chunks of the socket. It decodes messages itself and hands all other frames to the client library
 * as bytes. The library's own reader allocates a view per frame and several objects per message, and copies every body:
 * that costs a tenth of a call's processor time.
 *
 * Layouts: AMQP 0-9-1 specification, sections 4.2.3 (frames) and 4.2.6 (content).
 */
import { Buffer } from "node:buffer";

import { IncomingMessage } from "./incoming_message.ts";
import { PropertyReader } from "./property_reader.ts";

const [METHOD, HEADER, BODY] = [1, 2, 3];
const FRAME_END = 0xce;
/** Type, channel and size, before a frame's content. */
const PREAMBLE = 7;
/** The same and the end mark. */
const FRAME_OVERHEAD = PREAMBLE + 1;
/** Class basic: methods deliver and return. */
const [BASIC_DELIVER, BASIC_RETURN] = [0x003c003c, 0x003c0032];

/** Where a message was sent. */
export interface SentTo {
  /** Empty for the default exchange. */
  readonly exchange: string;
  readonly key: string;
}

/** Who is told what came. */
export interface FrameSink {
  /** @param to given where {@link FrameLimits.readsTargets} says so */
  onDelivery(channel: number, message: IncomingMessage, to?: SentTo): void;
  onReturn(channel: number, message: IncomingMessage, to: SentTo): void;
  /** A frame that carries no message, from its first byte to its end mark; valid until this returns. */
  onOtherFrame(frame: Buffer): void;
}

export interface FrameLimits {
  /** The largest frame, in bytes. Bytes that announce a longer one are not AMQP, and its end would never come. */
  readonly frameMax: number;
  /** The largest body to keep, in bytes. Of a longer body only the length is known. */
  readonly maxBody: number;
  /** Whether to read where deliveries were sent. @default {false} */
  readonly readsTargets?: boolean | undefined;
}

/** A message whose body has not come as a whole. */
interface OpenMessage {
  readonly message: IncomingMessage;
  readonly isReturned: boolean;
  readonly to: SentTo | undefined;
  /** The body so far, if it comes in several frames. */
  body: Buffer | undefined;
  received: number;
}

export class FrameReader {
  readonly #limits: FrameLimits;
  readonly #sink: FrameSink;
  readonly #properties = new PropertyReader();
  /** By channel. */
  readonly #open: (OpenMessage | undefined)[] = [];
  /** The start of a frame from an earlier chunk. It has room for the preamble only until the frame's size is known. */
  #begun: Buffer | undefined;
  #filled = 0;
  #receivedAt = 0;

  constructor(limits: FrameLimits, sink: FrameSink) {
    this.#limits = limits;
    this.#sink = sink;
  }

  /**
   * Reads the next bytes, and keeps an incomplete frame at their end.
   *
   * @param receivedAt when they came, by `performance.now()`
   * @throws Error when the bytes are not AMQP frames
   */
  read(chunk: Buffer, receivedAt: number): void {
    this.#receivedAt = receivedAt;
    let at = this.#begun ? this.#continue(this.#begun, chunk) : 0;
    while (at < chunk.length) {
      const length = chunk.length - at < PREAMBLE ? Infinity : this.#frameLength(chunk, at);
      if (at + length > chunk.length) {
        this.#begun = Buffer.allocUnsafeSlow(length === Infinity ? PREAMBLE : length);
        this.#filled = chunk.copy(this.#begun, 0, at);
        return;
      }
      this.#onFrame(chunk, at, length);
      at += length;
    }
  }

  /** Fills a frame that has begun. @returns how many bytes of the chunk that took */
  #continue(begun: Buffer, chunk: Buffer): number {
    const taken = chunk.copy(begun, this.#filled);
    this.#filled += taken;
    if (this.#filled < begun.length) return taken;
    const length = this.#frameLength(begun, 0);
    if (begun.length < length) {
      const frame = Buffer.allocUnsafeSlow(length);
      begun.copy(frame);
      this.#begun = frame;
      return taken + this.#continue(frame, chunk.subarray(taken));
    }
    this.#begun = undefined;
    this.#onFrame(begun, 0, length);
    return taken;
  }

  #onFrame(bytes: Buffer, at: number, length: number): void {
    const end = at + length - 1;
    if (bytes[end] !== FRAME_END) throw new Error("a frame without its end mark");
    const type = bytes[at];
    const channel = bytes.readUInt16BE(at + 1);
    const from = at + PREAMBLE;
    if (type === METHOD) {
      const method = bytes.readUInt32BE(from);
      if (method === BASIC_DELIVER) return this.#onDeliver(channel, bytes, from + 4, end);
      if (method === BASIC_RETURN) {
        // After the code of the reason, and its text.
        const at = from + 6;
        const to = readSentTo(bytes, at + 1 + bytes.readUInt8(at), end);
        return this.#begin(channel, this.#newMessage(0, false), true, to);
      }
    } else if (type === HEADER) {
      return this.#onHeader(channel, bytes, from, end);
    } else if (type === BODY) {
      return this.#onBody(channel, bytes, from, end);
    }
    this.#sink.onOtherFrame(bytes.subarray(at, end + 1));
  }

  #onDeliver(channel: number, bytes: Buffer, from: number, end: number): void {
    // Skip the consumer's tag: each of our channels has one consumer.
    const at = from + 1 + bytes.readUInt8(from);
    const redelivered = bytes.readUInt8(at + 8) === 1;
    const to = this.#limits.readsTargets ? readSentTo(bytes, at + 9, end) : undefined;
    this.#begin(channel, this.#newMessage(readUint64(bytes, at), redelivered), false, to);
  }

  #newMessage(deliveryTag: number, redelivered: boolean): IncomingMessage {
    return new IncomingMessage(deliveryTag, redelivered, this.#receivedAt);
  }

  #begin(
    channel: number,
    message: IncomingMessage,
    isReturned: boolean,
    to: SentTo | undefined,
  ): void {
    this.#open[channel] = { message, isReturned, to, body: undefined, received: 0 };
  }

  #onHeader(channel: number, bytes: Buffer, from: number, end: number): void {
    const open = this.#open[channel];
    if (!open) throw new Error("a message's header before the message");
    const { message } = open;
    // After the class and a field that is not used.
    message.byteLength = readUint64(bytes, from + 4);
    this.#properties.read(message, bytes, from + 12, end);
    if (message.byteLength === 0) this.#finish(channel, open);
  }

  #onBody(channel: number, bytes: Buffer, from: number, end: number): void {
    const open = this.#open[channel];
    if (!open) throw new Error("a message's body before the message");
    const { message } = open;
    if (end - from === message.byteLength) {
      message.setBody(bytes, from);
      this.#finish(channel, open);
      return;
    }
    if (message.byteLength <= this.#limits.maxBody) {
      open.body ??= Buffer.allocUnsafeSlow(message.byteLength);
      bytes.copy(open.body, open.received, from, end);
    }
    open.received += end - from;
    if (open.received < message.byteLength) return;
    if (open.received > message.byteLength) throw new Error("a longer body than was announced");
    if (open.body) message.setBody(open.body, 0);
    this.#finish(channel, open);
  }

  #finish(channel: number, { message, isReturned, to }: OpenMessage): void {
    this.#open[channel] = undefined;
    if (isReturned && to) this.#sink.onReturn(channel, message, to);
    else this.#sink.onDelivery(channel, message, to);
  }

  #frameLength(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at + 3) + FRAME_OVERHEAD;
    // Some peers count the preamble and the end mark as part of `frameMax`, others do not.
    if (length <= this.#limits.frameMax + FRAME_OVERHEAD) return length;
    throw new Error(
      `a frame of ${length} bytes, where at most ${this.#limits.frameMax} were agreed on`,
    );
  }
}

function readUint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

/** Reads the exchange and the routing key. */
function readSentTo(bytes: Buffer, from: number, end: number): SentTo {
  const exchange = readShortString(bytes, from, end);
  const key = readShortString(bytes, exchange.end, end);
  return { exchange: exchange.text, key: key.text };
}

function readShortString(bytes: Buffer, from: number, end: number): { text: string; end: number } {
  const to = from < end ? from + 1 + bytes.readUInt8(from) : Infinity;
  if (to > end) throw new Error("names that are longer than their frame");
  return { text: bytes.toString("utf8", from + 1, to), end: to };
}
