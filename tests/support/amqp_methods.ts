// Methods of AMQP 0-9-1 that a client of ours sends, as a broker reads them. Layouts: section 4 of the specification's XML.

/** Class and method by name. */
export const METHODS = {
  "connection.start": [10, 10],
  "connection.start-ok": [10, 11],
  "connection.tune": [10, 30],
  "connection.tune-ok": [10, 31],
  "connection.open": [10, 40],
  "connection.open-ok": [10, 41],
  "connection.close": [10, 50],
  "connection.close-ok": [10, 51],
  "connection.blocked": [10, 60],
  "connection.unblocked": [10, 61],
  "channel.open": [20, 10],
  "channel.open-ok": [20, 11],
  "channel.flow": [20, 20],
  "channel.close": [20, 40],
  "channel.close-ok": [20, 41],
  "exchange.declare": [40, 10],
  "exchange.declare-ok": [40, 11],
  "queue.declare": [50, 10],
  "queue.declare-ok": [50, 11],
  "queue.bind": [50, 20],
  "queue.bind-ok": [50, 21],
  "queue.delete": [50, 40],
  "queue.delete-ok": [50, 41],
  "basic.qos": [60, 10],
  "basic.qos-ok": [60, 11],
  "basic.consume": [60, 20],
  "basic.consume-ok": [60, 21],
  "basic.cancel": [60, 30],
  "basic.cancel-ok": [60, 31],
  "basic.publish": [60, 40],
  "basic.return": [60, 50],
  "basic.deliver": [60, 60],
  "basic.ack": [60, 80],
  "basic.reject": [60, 90],
  "basic.nack": [60, 120],
  "confirm.select": [85, 10],
  "confirm.select-ok": [85, 11],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

export type MethodName = keyof typeof METHODS;

const NAMES = new Map(
  Object.entries(METHODS).map(([name, ids]) => [ids.join("."), name as MethodName]),
);

/** A method that came in, with those of its arguments that a broker needs; the others are empty. */
export interface PeerMethod {
  readonly name: MethodName;
  readonly channel: number;
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly consumerTag: string;
  readonly deliveryTag: number;
  readonly prefetch: number;
  readonly flags: number;
}

/** Properties of a message. Texts may be given as bytes, to send what is none. */
export interface PeerProperties {
  readonly contentType?: string | Uint8Array | undefined;
  readonly contentEncoding?: string | Uint8Array | undefined;
  /** A whole table, its length included. */
  readonly headers?: Uint8Array | undefined;
  readonly correlationId?: string | Uint8Array | undefined;
  readonly replyTo?: string | Uint8Array | undefined;
  readonly expiration?: string | Uint8Array | undefined;
  readonly messageId?: string | Uint8Array | undefined;
  readonly timestamp?: number | bigint | undefined;
  readonly type?: string | Uint8Array | undefined;
  readonly appId?: string | Uint8Array | undefined;
}

/** Reads a frame's content from its first byte on. @throws RangeError when it is shorter than it says */
class PayloadReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  uint(bytes: 1 | 2 | 4): number {
    const at = this.#skip(bytes);
    return this.#bytes.readUIntBE(at, bytes);
  }

  long(): number {
    return this.uint(4) * 2 ** 32 + this.uint(4);
  }

  shortString(): string {
    const length = this.uint(1);
    const at = this.#skip(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** A table as it came, its length included. */
  table(): Uint8Array {
    const from = this.#at;
    this.#skip(this.uint(4));
    return Uint8Array.from(this.#bytes.subarray(from, this.#at));
  }

  #skip(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new RangeError("a frame is shorter than it says");
    this.#at += length;
    return at;
  }
}

/** Reads a method's frame. @throws Error for one that no client of ours sends */
export function readMethod(channel: number, payload: Buffer): PeerMethod {
  const reader = new PayloadReader(payload);
  const ids = `${reader.uint(2)}.${reader.uint(2)}`;
  const name = NAMES.get(ids);
  if (name === undefined) throw new Error(`a method that is not known here: ${ids}`);
  const method = {
    ...{ name, channel, queue: "", exchange: "", routingKey: "" },
    ...{ consumerTag: "", deliveryTag: 0, prefetch: 0, flags: 0 },
  };
  const kind: string = name;
  switch (kind) {
    case "queue.declare":
      reader.uint(2);
      return { ...method, queue: reader.shortString(), flags: reader.uint(1) };
    case "queue.delete":
      reader.uint(2);
      return { ...method, queue: reader.shortString() };
    case "basic.qos":
      reader.uint(4);
      return { ...method, prefetch: reader.uint(2) };
    case "basic.consume":
      reader.uint(2);
      return {
        ...method,
        queue: reader.shortString(),
        consumerTag: reader.shortString(),
        flags: reader.uint(1),
      };
    case "basic.cancel":
      return { ...method, consumerTag: reader.shortString() };
    case "basic.publish":
      reader.uint(2);
      return {
        ...method,
        exchange: reader.shortString(),
        routingKey: reader.shortString(),
        flags: reader.uint(1),
      };
    case "basic.ack":
    case "basic.reject":
    case "basic.nack":
      return { ...method, deliveryTag: reader.long(), flags: reader.uint(1) };
    default:
      return method;
  }
}

/** Reads a content header: the body's length and the properties. */
export function readHeader(payload: Buffer): { bodyLength: number; properties: PeerProperties } {
  const reader = new PayloadReader(payload);
  reader.uint(4);
  const bodyLength = reader.long();
  const flags = reader.uint(2);
  const text = (bit: number): string | undefined =>
    flags & bit ? reader.shortString() : undefined;
  const contentType = text(0x8000);
  const contentEncoding = text(0x4000);
  const headers = flags & 0x2000 ? reader.table() : undefined;
  if (flags & 0x1000) reader.uint(1);
  if (flags & 0x0800) reader.uint(1);
  const [correlationId, replyTo, expiration] = [text(0x0400), text(0x0200), text(0x0100)];
  const messageId = text(0x0080);
  const timestamp = flags & 0x0040 ? reader.long() : undefined;
  const type = text(0x0020);
  text(0x0010);
  return {
    bodyLength,
    properties: {
      ...{ contentType, contentEncoding, headers, correlationId, replyTo },
      ...{ expiration, messageId, timestamp, type, appId: text(0x0008) },
    },
  };
}
