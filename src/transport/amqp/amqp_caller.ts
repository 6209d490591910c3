import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { BgtasksError } from "../../errors.ts";
import type { ResolvedSettings } from "../../settings/settings.ts";
import { isLongerThan } from "../../messages/byte_length.ts";
import { JSON_TYPE } from "../../messages/content_type.ts";
import { findTooLong } from "../limits.ts";
import type {
  CallerEvents,
  CallerLink,
  LinkStatus,
  OutgoingRequest,
  OutgoingWord,
} from "../transport.ts";
import type { BrokerConnection } from "./connection/broker_connection.ts";
import { readSizeLimit } from "./connection/broker_errors.ts";
import { ConsumerCounter } from "./topology/consumer_counter.ts";
import { DIRECT_REPLY_TO } from "./reply_to/reply_to_trial.ts";
import type { Session, KeptWork } from "./connection/connection_keeper.ts";
import { ConnectionKeeper } from "./connection/connection_keeper.ts";

/** The calling side over RabbitMQ: one connection, one channel for requests and their replies. */
export class AMQPCaller implements CallerLink, KeptWork {
  readonly #events: CallerEvents;
  readonly #appId: string;
  readonly #keeper: ConnectionKeeper;
  #connection: BrokerConnection | undefined;
  #channel: AMQPChannel | undefined;
  #counter: ConsumerCounter | undefined;

  constructor(settings: ResolvedSettings, events: CallerEvents) {
    this.#events = events;
    this.#appId = settings.name;
    this.#keeper = new ConnectionKeeper(
      { settings, name: `${settings.name} client`, keepsProcessAlive: false },
      this,
    );
    this.#keeper.start();
  }

  send(request: OutgoingRequest): boolean | BgtasksError {
    const { route, type, correlationId, body, expiresAt, headers } = request;
    const [channel, connection] = [this.#channel, this.#connection];
    const { state } = this.#keeper.status;
    if (state !== "ready" || !channel || !connection) {
      if (state === "refused") this.#keeper.start();
      return false;
    }
    // The broker's goodbye has been read, and those who wait for it are told after this turn.
    if (channel.closed || connection.isLost) return false;
    const { maxBody } = connection.outbox;
    const tooLong = findTooLong(headers, connection.outbox);
    if (tooLong) return tooLong;
    if (isLongerThan(maxBody, body)) {
      const rule = `the broker takes at most ${maxBody} bytes, and its input takes more`;
      return new BgtasksError("too_large", `Cannot call "${route}" as ${rule}`);
    }
    const properties = {
      contentType: JSON_TYPE,
      headers,
      correlationId,
      replyTo: DIRECT_REPLY_TO,
      // At least 1: what expires at once would not even reach a worker that waits for it.
      expiration: String(Math.max(1, Math.ceil(expiresAt - performance.now()))),
      timestamp: Math.floor(Date.now() / 1_000),
      type,
      appId: this.#appId,
    };
    const publish = { routingKey: route, mandatory: true, properties };
    request.sentBytes = connection.outbox.publish(channel.id, publish, body);
    return true;
  }

  say({ to, type, id, correlationId, body }: OutgoingWord): number {
    const [channel, connection] = [this.#channel, this.#connection];
    if (this.#keeper.status.state !== "ready" || !channel || !connection) return 0;
    if (channel.closed || connection.isLost) return 0;
    const { maxBody } = connection.outbox;
    if (isLongerThan(maxBody, body)) {
      const rule = `the broker takes at most ${maxBody} bytes in a message`;
      throw new BgtasksError("too_large", `Cannot send an item that takes more, because ${rule}`);
    }
    const properties = {
      contentType: JSON_TYPE,
      correlationId,
      messageId: id,
      type,
      appId: this.#appId,
    };
    const publish = { routingKey: to, mandatory: true, properties };
    return connection.outbox.publish(channel.id, publish, body);
  }

  countConsumers(route: string): Promise<number | undefined> {
    return this.#counter?.count(route) ?? Promise.resolve(undefined);
  }

  async close(): Promise<void> {
    await this.#keeper.close();
  }

  async setUp(connection: BrokerConnection): Promise<Session> {
    const channel = await connection.openChannel();
    connection.onReturn(channel, ({ correlationId, replyTo }, { key }) => {
      // Of all that goes out here, requests alone want an answer.
      if (replyTo === undefined) this.#events.onWordReturned(key);
      else this.#events.onUnroutable(correlationId ?? "");
    });
    const consumer = await connection.consume(
      channel,
      DIRECT_REPLY_TO,
      { noAck: true },
      (message) => this.#events.onReply(message),
    );
    this.#connection = connection;
    this.#channel = channel;
    // The channel may have been lost where the connection stands.
    if (this.#counter?.connection !== connection) this.#counter = new ConsumerCounter(connection);
    const lost = consumer.wait().then(
      () => new Error("the reply consumer was cancelled"),
      (error: unknown) => error,
    );
    return { lost };
  }

  onLost(error: BgtasksError): void {
    const limit = readSizeLimit(error);
    if (this.#connection && limit < Infinity) this.#connection.outbox.maxBody = limit;
    this.#channel = undefined;
    this.#connection = undefined;
    this.#events.onLost(error, limit);
  }

  onStatus(status: LinkStatus): void {
    this.#events.onStatus(status);
  }
}
