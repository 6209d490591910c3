import type { Channel, ChannelModel, ConsumeMessage, Message, Options } from "amqplib";
import { connect } from "amqplib";

import type { Bench } from "../support/adapters.ts";
import { brokerURL } from "../support/broker.ts";
import { waitFor } from "../support/wait_for.ts";

/** A consumer on this name gets replies without a queue of its own. */
export const DIRECT_REPLY_TO = "amq.rabbitmq.reply-to";

/** Some tests send what RabbitMQ 4.0 needs seconds for, and what comes next waits. In milliseconds. */
const REPLY_TIMEOUT = 20_000;

/** Another program on the broker: one connection and one channel of amqplib. */
export class AmqplibPeer {
  readonly channel: Channel;
  readonly #connection: ChannelModel;
  readonly #replies: ConsumeMessage[] = [];
  #closed: Promise<void> | undefined;
  #ended = false;

  /** Connects; the bench disconnects it. */
  static async open(bench: Bench): Promise<AmqplibPeer> {
    const connection = await connect(brokerURL ?? "", { noDelay: true });
    const peer = new AmqplibPeer(connection, await connection.createChannel());
    bench.onDispose(() => peer.close());
    return peer;
  }

  private constructor(connection: ChannelModel, channel: Channel) {
    this.#connection = connection;
    this.channel = channel;
    // A test sees what went wrong by what does not come.
    channel.on("error", () => {});
    connection.on("error", () => {});
    connection.on("close", () => (this.#ended = true));
  }

  /** Takes replies by direct reply-to. */
  async takeReplies(): Promise<void> {
    await this.collectFrom(DIRECT_REPLY_TO);
  }

  /** Takes replies from an exclusive queue that the broker names; returns its name. */
  async takeRepliesFromOwnQueue(): Promise<string> {
    const { queue } = await this.channel.assertQueue("", { exclusive: true });
    await this.collectFrom(queue);
    return queue;
  }

  /**
   * The name that the broker gives to this peer's direct replies, which is what a worker sees. {@link takeReplies} comes
   * first.
   */
  async directReplyName(): Promise<string> {
    const { queue } = await this.channel.assertQueue("", { exclusive: true });
    this.channel.sendToQueue(queue, Buffer.from("null"), { replyTo: DIRECT_REPLY_TO });
    const message = await this.channel.get(queue, { noAck: true });
    await this.channel.deleteQueue(queue);
    if (!message) throw new Error("the broker lost a message");
    return String(message.properties.replyTo);
  }

  /** Sends a request as it is. */
  send(route: string, body: Uint8Array, properties: Options.Publish = {}): void {
    this.channel.sendToQueue(route, Buffer.from(body), properties);
  }

  /** Calls with a JSON body and waits for the reply. */
  call(route: string, input: unknown, properties: Options.Publish = {}): Promise<ConsumeMessage> {
    return this.callWith(route, Buffer.from(JSON.stringify(input)), properties);
  }

  /** Calls with any body and waits for the reply. */
  async callWith(
    route: string,
    body: Uint8Array,
    properties: Options.Publish = {},
  ): Promise<ConsumeMessage> {
    const correlationId = crypto.randomUUID();
    this.send(route, body, { replyTo: DIRECT_REPLY_TO, correlationId, ...properties });
    const isReply = ({ properties }: ConsumeMessage): boolean =>
      properties.correlationId === correlationId;
    const reply = await waitFor(
      () => this.#replies.find(isReply),
      `a reply from ${route}`,
      REPLY_TIMEOUT,
    );
    // Never: waitFor() gives nothing that is falsy.
    if (!reply) throw new Error("no reply");
    return reply;
  }

  /** Everything that came in as a reply. */
  get replies(): readonly ConsumeMessage[] {
    return this.#replies;
  }

  /** Serves a route on a queue that exists, one request at a time as they come. */
  async serve(route: string, onRequest: (request: ConsumeMessage) => void): Promise<void> {
    await this.channel.consume(
      route,
      (request) => {
        if (!request) return;
        onRequest(request);
        this.channel.ack(request);
      },
      { noAck: false },
    );
  }

  /** Answers a request with any bytes. */
  reply(
    request: ConsumeMessage,
    body: string | Uint8Array,
    properties: Options.Publish = {},
  ): void {
    const { replyTo, correlationId } = request.properties as {
      replyTo: string;
      correlationId: string;
    };
    this.channel.sendToQueue(replyTo, Buffer.from(body as Uint8Array), {
      correlationId,
      ...properties,
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // The broker may have ended the connection, for a message that it refused.
    if (!this.#ended) await this.#connection.close();
  }

  /** Takes replies from a queue. */
  async collectFrom(queue: string): Promise<void> {
    const onReply = (message: ConsumeMessage | null): void => {
      if (message) this.#replies.push(message);
    };
    await this.channel.consume(queue, onReply, { noAck: true });
  }
}

/** The JSON in a message. */
export function json(message: Message): unknown {
  return JSON.parse(message.content.toString());
}

/** The value of the header that marks a failure which the framework answered; undefined without one. */
export function errorCode(message: Message): unknown {
  return message.properties.headers?.["bgtasks-error"];
}
