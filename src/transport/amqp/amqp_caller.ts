import type { AMQPChannel } from "@cloudamqp/amqp-client";

import type { ConnectionLostError } from "../../errors.ts";
import type { ResolvedSettings } from "../../settings.ts";
import { ERROR_HEADER } from "../../wire/failure.ts";
import type { CallerEvents, CallerLink, LinkStatus, OutgoingRequest } from "../transport.ts";
import type { BrokerConnection } from "./broker_connection.ts";
import { describe, replyCode } from "./broker_errors.ts";
import type { IncomingMessage } from "./incoming_message.ts";
import { readHeaders } from "./property_reader.ts";
import type { Session, SupervisedWork } from "./supervisor.ts";
import { Supervisor } from "./supervisor.ts";

/** A consumer on this name gets the replies without a queue of its own: https://www.rabbitmq.com/docs/direct-reply-to */
const DIRECT_REPLY_TO = "amq.rabbitmq.reply-to";

/** The calling side over RabbitMQ: one connection, one channel for requests and their replies. */
export class AMQPCaller implements CallerLink, SupervisedWork {
  readonly #events: CallerEvents;
  readonly #appId: string;
  readonly #supervisor: Supervisor;
  #connection: BrokerConnection | undefined;
  #channel: AMQPChannel | undefined;
  /** Questions under way, so that a thousand calls that time out together ask once. */
  readonly #counts = new Map<string, Promise<number | undefined>>();

  constructor(settings: ResolvedSettings, events: CallerEvents) {
    this.#events = events;
    this.#appId = settings.name;
    this.#supervisor = new Supervisor(
      { settings, name: `${settings.name} client`, keepsProcessAlive: false },
      this,
    );
    this.#supervisor.start();
  }

  get status(): LinkStatus {
    return this.#supervisor.status;
  }

  send({ route, correlationId, body, expiresAt, headers }: OutgoingRequest): boolean {
    const { state } = this.#supervisor.status;
    if (state !== "ready" || !this.#channel || !this.#connection) {
      if (state === "refused") this.#supervisor.start();
      return false;
    }
    const properties = {
      contentType: "application/json",
      headers,
      correlationId,
      replyTo: DIRECT_REPLY_TO,
      // At least 1: what expires at once would not even reach a worker that waits for it.
      expiration: String(Math.max(1, Math.ceil(expiresAt - performance.now()))),
      timestamp: Math.floor(Date.now() / 1_000),
      appId: this.#appId,
    };
    const publish = { routingKey: route, mandatory: true, properties };
    this.#connection.outbox.publish(this.#channel.id, publish, body);
    return true;
  }

  countConsumers(route: string): Promise<number | undefined> {
    let count = this.#counts.get(route);
    if (!count) {
      count = this.#askConsumers(route).finally(() => this.#counts.delete(route));
      this.#counts.set(route, count);
    }
    return count;
  }

  async close(): Promise<void> {
    await this.#supervisor.close();
  }

  async setUp(connection: BrokerConnection): Promise<Session> {
    const channel = await connection.openChannel();
    connection.onReturn(channel, ({ correlationId }) =>
      this.#events.onUnroutable(correlationId ?? ""),
    );
    const consumer = await connection.consume(
      channel,
      DIRECT_REPLY_TO,
      { noAck: true },
      (message) => this.#onReply(message),
    );
    this.#connection = connection;
    this.#channel = channel;
    const lost = consumer.wait().then(
      () => new Error("the reply consumer was cancelled"),
      (error: unknown) => error,
    );
    return { lost };
  }

  onReady(): void {
    this.#events.onReady();
  }

  onLost(error: ConnectionLostError): void {
    this.#channel = undefined;
    this.#connection = undefined;
    this.#events.onLost(error);
  }

  onStatus(status: LinkStatus): void {
    this.#events.onStatus(status);
  }

  #onReply(message: IncomingMessage): void {
    const errorCode = readHeaders(message)[ERROR_HEADER];
    this.#events.onReply({
      correlationId: message.correlationId ?? "",
      body: message,
      // Of any other type it is not ours.
      errorCode: typeof errorCode === "string" ? errorCode : undefined,
    });
  }

  // On a channel of its own: the broker closes the channel when the queue does not exist.
  async #askConsumers(route: string): Promise<number | undefined> {
    const connection = this.#connection;
    if (!connection) return undefined;
    try {
      const channel = await connection.openChannel();
      const { consumerCount } = await connection.answered(
        channel.queueDeclare(route, { passive: true }),
      );
      await connection.answered(channel.close());
      return consumerCount;
    } catch (error) {
      return replyCode(describe(error)) === "404" ? 0 : undefined;
    }
  }
}
