import type net from "node:net";

import {
  BODY,
  contentFrames,
  frame,
  HEADER,
  HEARTBEAT,
  longString,
  METHOD,
  methodFrame,
  shortString,
  table,
  typed,
  uint,
} from "./amqp_bytes.ts";
import type { MethodName, PeerMethod, PeerProperties } from "./amqp_methods.ts";
import { METHODS, readHeader, readMethod } from "./amqp_methods.ts";

/** A consumer on this name gets direct replies. */
export const DIRECT_REPLY_TO = "amq.rabbitmq.reply-to";

const PROTOCOL_HEADER_LENGTH = 8;
const FRAME_OVERHEAD = 8;

/** What is read on a channel, or a connection, that is being closed. */
const AGREEMENTS: readonly MethodName[] = [
  "channel.close",
  "channel.close-ok",
  "connection.close",
  "connection.close-ok",
];

/** A message that a client published, whole. */
export interface PeerMessage {
  readonly channel: number;
  readonly exchange: string;
  readonly routingKey: string;
  readonly mandatory: boolean;
  readonly properties: PeerProperties;
  readonly body: Buffer;
}

/** Who is told what comes over a link. */
export interface LinkSink {
  /** The protocol's name came: the client waits for the first word. */
  onHello(link: FakeLink): void;
  onMethod(method: PeerMethod, link: FakeLink): void;
  onPublish(message: PeerMessage, link: FakeLink): void;
  onClose(link: FakeLink): void;
}

/** The broker's end of one connection. It reads frames, and sends what it is told to, right or wrong. */
export class FakeLink {
  /** How many links there were before it. */
  readonly index: number;
  readonly socket: net.Socket;
  /** What was consumed, by tag. */
  readonly consumers: Map<string, { readonly channel: number; readonly queue: string }> = new Map();
  /** Set when every byte that comes is to be ignored. */
  deaf = false;
  readonly #sink: LinkSink;
  #rest: Buffer = Buffer.alloc(0);
  #greeted = false;
  #tuned = false;
  #publishing: { method: PeerMethod; bodyLength: number; properties: PeerProperties } | undefined;
  #body: Buffer[] = [];
  #received = 0;
  #deliveryTag = 0;
  /** Channels whose close was sent and not agreed to yet; 0 is the connection. */
  readonly #closing = new Set<number>();

  constructor(index: number, socket: net.Socket, sink: LinkSink) {
    this.index = index;
    this.socket = socket;
    this.#sink = sink;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("close", () => this.#sink.onClose(this));
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.writable;
  }

  /** The channel and the tag of the consumer of a queue, or of direct replies. */
  consumerOf(queue: string): { readonly channel: number; readonly tag: string } | undefined {
    for (const [tag, { channel, queue: name }] of this.consumers)
      if (name === queue) return { channel, tag };
    return undefined;
  }

  /** Sends bytes as they are. */
  write(...parts: readonly Uint8Array[]): void {
    if (this.isOpen) this.socket.write(Buffer.concat(parts));
  }

  method(channel: number, name: MethodName, ...args: readonly Uint8Array[]): void {
    this.#tuned ||= name === "connection.tune";
    this.write(methodFrame(channel, METHODS[name], ...args));
  }

  /** None before both sides know how often: the first word of a broker is another. */
  heartbeat(): void {
    if (this.#tuned) this.write(frame(HEARTBEAT, 0, []));
  }

  /** The first word of the handshake. */
  start(product = "RabbitMQ"): void {
    const capabilities = ["basic.nack", "consumer_cancel_notify", "connection.blocked"];
    const properties = table([
      ["product", typed("S", longString(product))],
      ["version", typed("S", longString("3.10.8"))],
      [
        "capabilities",
        typed("F", table(capabilities.map((name) => [name, typed("t", uint(8, 1))]))),
      ],
    ]);
    const words = [longString("PLAIN AMQPLAIN"), longString("en_US")];
    this.method(0, "connection.start", Uint8Array.of(0, 9), properties, ...words);
  }

  /** Delivers a message to a consumer of this link. @returns its delivery tag */
  deliver(
    channel: number,
    tag: string,
    { body, properties = {}, redelivered = false }: Delivered,
  ): number {
    this.write(this.delivery(channel, tag, { body, properties, redelivered }));
    return this.#deliveryTag;
  }

  /** The bytes of a delivery. */
  delivery(
    channel: number,
    tag: string,
    { body, properties = {}, redelivered = false }: Delivered,
  ): Uint8Array {
    const method = methodFrame(
      channel,
      METHODS["basic.deliver"],
      ...[shortString(tag), uint(64, ++this.#deliveryTag), uint(8, Number(redelivered))],
      ...[shortString(""), shortString("queue")],
    );
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    return Buffer.concat([method, contentFrames(channel, propertyBytes(properties), bytes)]);
  }

  /** Answers a request of this link, to its consumer of direct replies. */
  reply({ properties: { correlationId } }: PeerMessage, body: string | Uint8Array): void {
    const { channel, tag } = this.consumerOf(DIRECT_REPLY_TO) ?? { channel: 1, tag: "" };
    this.deliver(channel, tag, {
      body,
      properties: { contentType: "application/json", correlationId },
    });
  }

  /** Gives a message back that no queue takes. */
  return(message: PeerMessage, code = 312): void {
    const { channel, exchange, routingKey, properties, body } = message;
    const words = [shortString("NO_ROUTE"), shortString(exchange), shortString(routingKey)];
    this.write(
      methodFrame(channel, METHODS["basic.return"], uint(16, code), ...words),
      contentFrames(channel, propertyBytes(properties), body),
    );
  }

  /** Says goodbye; what comes after it is not read, but for the client's consent. */
  closeConnection(code: number, text: string): void {
    this.#closing.add(0);
    this.method(0, "connection.close", uint(16, code), shortString(text), uint(32, 0));
  }

  /** Closes a channel; what comes on it after that is not read, but for the client's consent. */
  closeChannel(channel: number, code: number, text: string): void {
    this.#closing.add(channel);
    this.method(channel, "channel.close", uint(16, code), shortString(text), uint(32, 0));
  }

  /** Cancels a consumer, as when its queue is deleted. */
  cancel(tag: string): void {
    const consumer = this.consumers.get(tag);
    if (consumer && this.consumers.delete(tag))
      this.method(consumer.channel, "basic.cancel", shortString(tag), uint(8, 1));
  }

  block(reason: string): void {
    this.method(0, "connection.blocked", shortString(reason));
  }

  unblock(): void {
    this.method(0, "connection.unblocked");
  }

  #read(chunk: Buffer): void {
    if (this.deaf) return;
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#greeted) {
      if (this.#rest.length < PROTOCOL_HEADER_LENGTH) return;
      this.#greeted = true;
      this.#rest = this.#rest.subarray(PROTOCOL_HEADER_LENGTH);
      this.#sink.onHello(this);
    }
    while (this.#rest.length >= FRAME_OVERHEAD) {
      const length = this.#rest.readUInt32BE(3) + FRAME_OVERHEAD;
      if (this.#rest.length < length) return;
      const bytes = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      this.#onFrame(bytes[0] ?? 0, bytes.readUInt16BE(1), bytes.subarray(7, length - 1));
    }
  }

  #onFrame(type: number, channel: number, payload: Buffer): void {
    const isClosing = this.#closing.has(channel) || this.#closing.has(0);
    if (type === METHOD) {
      const method = readMethod(channel, payload);
      if (isClosing && !AGREEMENTS.includes(method.name)) return;
      if (AGREEMENTS.includes(method.name)) this.#closing.delete(channel);
      if (method.name === "basic.publish") {
        this.#publishing = { method, bodyLength: 0, properties: {} };
        return;
      }
      this.#sink.onMethod(method, this);
    } else if (isClosing) {
      this.#publishing = undefined;
    } else if (type === HEADER && this.#publishing) {
      Object.assign(this.#publishing, readHeader(payload));
      [this.#body, this.#received] = [[], 0];
      if (this.#publishing.bodyLength === 0) this.#onPublished();
    } else if (type === BODY && this.#publishing) {
      this.#body.push(payload);
      this.#received += payload.length;
      if (this.#received >= this.#publishing.bodyLength) this.#onPublished();
    }
  }

  #onPublished(): void {
    if (!this.#publishing) return;
    const { method, properties } = this.#publishing;
    this.#publishing = undefined;
    const { channel, exchange, routingKey, flags } = method;
    const body = Buffer.concat(this.#body);
    const message = { channel, exchange, routingKey, mandatory: (flags & 1) === 1 };
    this.#sink.onPublish({ ...message, properties, body }, this);
  }
}

/** What is delivered. */
export interface Delivered {
  readonly body: string | Uint8Array;
  readonly properties?: PeerProperties | undefined;
  readonly redelivered?: boolean | undefined;
}

/** The bytes of properties, in the order of the specification. */
function propertyBytes(properties: PeerProperties): (Uint8Array | undefined)[] {
  const { headers, timestamp } = properties;
  const short = (value: string | Uint8Array | undefined): Uint8Array | undefined =>
    value === undefined ? undefined : shortString(value);
  return [
    ...[short(properties.contentType), short(properties.contentEncoding), headers],
    ...[undefined, undefined, short(properties.correlationId), short(properties.replyTo)],
    ...[short(properties.expiration), short(properties.messageId)],
    timestamp === undefined ? undefined : uint(64, timestamp),
    ...[short(properties.type), undefined, short(properties.appId)],
  ];
}
