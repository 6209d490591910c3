import net from "node:net";

import { shortString, uint } from "./amqp_bytes.ts";
import type { MethodName, PeerMethod } from "./amqp_methods.ts";
import type { PeerMessage } from "./fake_link.ts";
import { DIRECT_REPLY_TO, FakeLink } from "./fake_link.ts";
import { FakeQueues } from "./fake_queues.ts";

/** How a fake broker behaves where it is not as RabbitMQ is. */
export interface FakeBrokerOptions {
  /** What the handshake offers. @default {131_072} */
  readonly frameMax?: number | undefined;
  /** In seconds. @default {1} */
  readonly heartbeat?: number | undefined;
  /** @default {2_047} */
  readonly channelMax?: number | undefined;
  /** What it says it is. @default {"RabbitMQ"} */
  readonly product?: string | undefined;
  /** Hears of each connection before anything is sent. `true`: it is dealt with, the broker says nothing of itself. */
  readonly onHello?: ((link: FakeLink) => boolean | void) | undefined;
  /** Hears of each method before it is answered. `true`: it is dealt with. */
  readonly onMethod?: ((method: PeerMethod, link: FakeLink) => boolean | void) | undefined;
  /** Hears of each message before it is routed. `true`: it is dealt with. */
  readonly onPublish?: ((message: PeerMessage, link: FakeLink) => boolean | void) | undefined;
  /** The name that stands for a caller's own direct replies. */
  readonly replyName?: ((link: FakeLink, channel: number) => string) | undefined;
  /** How long a message may wait, in milliseconds, by its expiration. @default as it says */
  readonly timeToLive?: ((expiration: number) => number) | undefined;
}

/**
 * A broker in this process, for what no real one does when it is asked to. It speaks enough of AMQP 0-9-1 to carry calls
 * (the default exchange, queues, prefetch, direct replies); hooks put anything else in the place of its answers.
 *
 * @example
 * ```ts
 * await using broker = await FakeBroker.open({
 *   onMethod: ({ name }, link) => name === "basic.consume" && (link.closeConnection(320, "CONNECTION_FORCED"), true),
 * });
 * const client = new RPCClient({ settings: { url: broker.url } });
 * ```
 */
export class FakeBroker implements AsyncDisposable {
  /** Those that stand. */
  readonly links: Set<FakeLink> = new Set();
  readonly queues: FakeQueues;
  /** How often each method came. */
  readonly counts: Map<MethodName, number> = new Map();
  /** How many connections there were. */
  accepted = 0;
  readonly #server: net.Server;
  readonly #options: FakeBrokerOptions;
  #heartbeats: ReturnType<typeof setInterval> | undefined;

  static async open(options: FakeBrokerOptions = {}): Promise<FakeBroker> {
    const broker = new FakeBroker(options);
    await new Promise<void>((resolve) => broker.#server.listen(0, "127.0.0.1", resolve));
    return broker;
  }

  private constructor(options: FakeBrokerOptions) {
    this.#options = options;
    this.queues = new FakeQueues(options.timeToLive ?? ((expiration) => expiration));
    this.#server = net.createServer((socket) => this.#accept(socket));
    this.#heartbeats = setInterval(() => {
      for (const link of this.links) if (!link.deaf) link.heartbeat();
    }, 500);
    this.#heartbeats.unref();
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  /** How often a method came. */
  count(name: MethodName): number {
    return this.counts.get(name) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heartbeats);
    this.#heartbeats = undefined;
    for (const link of this.links) link.socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Answers a method as a broker does that has no objection. */
  answer(method: PeerMethod, link: FakeLink): void {
    const { frameMax = 131_072, heartbeat = 1, channelMax = 2_047 } = this.#options;
    const { name, channel, consumerTag: tag, deliveryTag, flags } = method;
    const say = (answer: MethodName, ...args: readonly Uint8Array[]): void =>
      link.method(channel, answer, ...args);
    const kind: string = name;
    switch (kind) {
      case "connection.start-ok":
        say("connection.tune", uint(16, channelMax), uint(32, frameMax), uint(16, heartbeat));
        break;
      case "connection.open":
        say("connection.open-ok", shortString(""));
        break;
      case "connection.close":
        say("connection.close-ok");
        link.socket.end();
        break;
      case "connection.close-ok":
        link.socket.end();
        break;
      case "channel.open":
        say("channel.open-ok", uint(32, 0));
        break;
      case "channel.close":
        this.queues.closeChannel(link, channel);
        say("channel.close-ok");
        break;
      case "channel.close-ok":
        this.queues.closeChannel(link, channel);
        break;
      case "exchange.declare":
        say("exchange.declare-ok");
        break;
      case "queue.declare":
        this.#declare(method, link);
        break;
      case "queue.bind":
        say("queue.bind-ok");
        break;
      case "queue.delete":
        say("queue.delete-ok", uint(32, this.queues.delete(method.queue)));
        break;
      case "basic.qos":
        this.queues.setPrefetch(link, channel, method.prefetch);
        say("basic.qos-ok");
        break;
      case "basic.consume":
        this.#consume(method, link);
        break;
      case "basic.cancel":
        link.consumers.delete(tag);
        this.queues.unsubscribe(link, tag);
        say("basic.cancel-ok", shortString(tag));
        break;
      case "basic.ack":
        this.queues.settle(link, channel, deliveryTag, false);
        break;
      case "basic.nack":
        this.queues.settle(link, channel, deliveryTag, (flags & 2) !== 0);
        break;
      case "basic.reject":
        this.queues.settle(link, channel, deliveryTag, (flags & 1) !== 0);
        break;
      case "confirm.select":
        say("confirm.select-ok");
        break;
      default:
    }
  }

  #accept(socket: net.Socket): void {
    const link = new FakeLink(this.accepted++, socket, {
      onHello: (link) => {
        if (this.#options.onHello?.(link) !== true) link.start(this.#options.product);
      },
      onMethod: (method, link) => {
        this.counts.set(method.name, this.count(method.name) + 1);
        if (this.#options.onMethod?.(method, link) !== true) this.answer(method, link);
      },
      onPublish: (message, link) => {
        this.counts.set("basic.publish", this.count("basic.publish") + 1);
        if (this.#options.onPublish?.(message, link) !== true) this.route(message, link);
      },
      onClose: (link) => {
        this.links.delete(link);
        this.queues.drop(link);
      },
    });
    this.links.add(link);
  }

  /** Puts a message where its routing key says. */
  route(message: PeerMessage, link: FakeLink): void {
    const { routingKey, properties, body, mandatory, channel } = message;
    const asked = properties.replyTo;
    const replyTo = asked === DIRECT_REPLY_TO ? this.#replyName(link, channel) : asked;
    const sent = { body, properties: { ...properties, replyTo } };
    const consumer = this.#directConsumer(routingKey);
    if (consumer) consumer.link.deliver(consumer.channel, consumer.tag, sent);
    else if (!this.queues.publish(routingKey, sent) && mandatory)
      link.return({ ...message, properties: sent.properties });
  }

  #replyName(link: FakeLink, channel: number): string {
    const name = this.#options.replyName ?? directName;
    return name(link, channel);
  }

  #directConsumer(
    name: string,
  ): { readonly link: FakeLink; readonly channel: number; readonly tag: string } | undefined {
    for (const link of this.links) {
      const consumer = link.consumerOf(DIRECT_REPLY_TO);
      if (consumer && this.#replyName(link, consumer.channel) === name)
        return { link, ...consumer };
    }
    return undefined;
  }

  #declare({ channel, queue: asked, flags }: PeerMethod, link: FakeLink): void {
    const queue = asked || `amq.gen-${link.index}-${channel}`;
    const isPassive = (flags & 1) === 1;
    if (isPassive && !this.queues.has(queue)) {
      link.closeChannel(channel, 404, `NOT_FOUND - no queue '${queue}' in vhost '/'`);
      return;
    }
    const { messages, consumers } = this.queues.declare(queue);
    const counts = [uint(32, messages), uint(32, consumers)];
    link.method(channel, "queue.declare-ok", shortString(queue), ...counts);
  }

  #consume({ channel, queue, consumerTag, flags }: PeerMethod, link: FakeLink): void {
    const tag = consumerTag || `amq.ctag-${link.index}-${channel}`;
    link.consumers.set(tag, { channel, queue });
    link.method(channel, "basic.consume-ok", shortString(tag));
    if (queue !== DIRECT_REPLY_TO)
      this.queues.subscribe(queue, { link, channel, tag, noAck: (flags & 2) !== 0 });
  }
}

/** RabbitMQ's form: a process of the broker and a key. */
function directName(link: FakeLink, channel: number): string {
  const node = Buffer.from("reply@1234567");
  const pid = Buffer.concat([
    Buffer.of(131, 88, 119, node.length),
    node,
    ...[uint(32, link.index + 1), uint(32, channel), uint(32, 1)],
  ]);
  return `${DIRECT_REPLY_TO}.${pid.toString("base64")}.a2V5`;
}

export type { MethodName } from "./amqp_methods.ts";
export type { FakeLink, PeerMessage } from "./fake_link.ts";
