import type { Buffer } from "node:buffer";

import type { Message, MessageBody } from "../../../messages/message.ts";
import { readHeaderTable } from "./header_table.ts";

const strictDecoder = new TextDecoder("utf-8", { fatal: true });

const BYTE_ORDER_MARK = 0xfeff;

/** A message as the broker delivers or returns it. Only the frame reader writes its fields. */
export class IncomingMessage implements Message, MessageBody {
  /** 0 in a message that was returned. */
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  /** When it arrived, by `performance.now()`. For a message that we gave back, when it arrived first. */
  receivedAt: number;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  /** The headers as they came. Most messages have none, and most of the others nobody asks for them. */
  headerBytes: Uint8Array | undefined;
  id: string | undefined;
  type: string | undefined;
  correlationId: string | undefined;
  /** The bytes of a correlation id that is not UTF-8: the reply must carry the same bytes. */
  correlationIdBytes: Uint8Array | undefined;
  replyTo: string | undefined;
  /** Milliseconds, as text. */
  expiration: string | undefined;
  /** Seconds since 1970. */
  timestamp: number | undefined;
  /** What the sender calls itself. */
  appId: string | undefined;
  byteLength = 0;
  #source: Buffer | undefined;
  #from = 0;
  #keepsText = false;
  /** Set once it was read, if it is kept. */
  #text: string | undefined;

  constructor(deliveryTag: number, redelivered: boolean, receivedAt: number) {
    this.deliveryTag = deliveryTag;
    this.redelivered = redelivered;
    this.receivedAt = receivedAt;
  }

  get body(): MessageBody {
    return this;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.headerBytes ? readHeaderTable(this.headerBytes) : {};
  }

  /** Says where the body is: `byteLength` bytes of `source`. */
  setBody(source: Buffer, from: number): void {
    this.#source = source;
    this.#from = from;
  }

  isLongerThan(bytes: number): boolean {
    return this.byteLength > bytes;
  }

  keepText(): void {
    this.#keepsText = true;
  }

  readBytes(): Uint8Array | undefined {
    const source = this.#source;
    this.#source = undefined;
    if (!source) return this.byteLength === 0 ? new Uint8Array() : undefined;
    // A copy, for the same reason as below.
    return new Uint8Array(source.subarray(this.#from, this.#from + this.byteLength));
  }

  readText(): string | undefined {
    const source = this.#source;
    if (!source) return this.#text ?? "";
    // Release the socket's chunk: the body may be a slice of it, and the handler may run for long.
    this.#source = undefined;
    const to = this.#from + this.byteLength;
    const text = source.toString("utf8", this.#from, to);
    if (text.includes("\ufffd") && !isUTF8(source.subarray(this.#from, to))) return undefined;
    const read = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
    if (this.#keepsText) this.#text = read;
    return read;
  }
}

function isUTF8(bytes: Uint8Array): boolean {
  try {
    strictDecoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
