import type { AMQPMessage } from "@cloudamqp/amqp-client";

import { ERROR_HEADER } from "../../wire/failure.ts";
import type { Delivery } from "../transport.ts";
import type { BrokerConnection } from "./broker_connection.ts";
import { type LazyProperties, readHeaders } from "./property_reader.ts";

const NO_BODY = new Uint8Array();

/** One request from RabbitMQ. */
export class AMQPDelivery implements Delivery {
  readonly route: string;
  readonly wantsReply: boolean;
  readonly #connection: BrokerConnection;
  readonly #message: AMQPMessage;
  readonly #appId: string;
  #settled = false;

  constructor(connection: BrokerConnection, message: AMQPMessage, route: string, appId: string) {
    this.#connection = connection;
    this.#message = message;
    this.#appId = appId;
    this.route = route;
    this.wantsReply = Boolean(message.properties.replyTo);
  }

  get body(): Uint8Array {
    return this.#message.body ?? NO_BODY;
  }

  get correlationId(): string {
    return this.#message.properties.correlationId ?? "";
  }

  get contentType(): string | undefined {
    return this.#message.properties.contentType;
  }

  get contentEncoding(): string | undefined {
    return this.#message.properties.contentEncoding;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return readHeaders(this.#message.properties);
  }

  get redelivered(): boolean {
    return this.#message.redelivered;
  }

  /**
   * The expiration is counted from the publish, whose time is known in whole seconds of the caller's clock. The broker
   * drops what expired, so a request that seems to have is from a clock that differs from ours, and is not believed.
   */
  get timeLeft(): number | undefined {
    const { expiration, timestamp } = this.#message.properties;
    const given = Number(expiration);
    if (!expiration || !Number.isFinite(given)) return undefined;
    const waited = timestamp ? Date.now() - timestamp.getTime() - 999 : 0;
    return waited > 0 && waited < given ? given - waited : given;
  }

  respond(body: Uint8Array, errorCode?: string): void {
    if (!this.#settle()) return;
    const { replyTo, correlationId, correlationIdBytes }: LazyProperties = this.#message.properties;
    const { channel, deliveryTag } = this.#message;
    const { frameMax, outbox } = this.#connection;
    if (replyTo) {
      const headers = errorCode === undefined ? undefined : { [ERROR_HEADER]: errorCode };
      const properties = {
        contentType: "application/json",
        headers,
        correlationId: correlationIdBytes ?? correlationId,
        appId: this.#appId,
      };
      outbox.publish(
        channel.id,
        { routingKey: replyTo, mandatory: false, properties },
        body,
        frameMax,
      );
    }
    // After the reply, on the same channel: the broker takes them in this order.
    outbox.ack(channel.id, deliveryTag);
  }

  ack(): void {
    if (this.#settle())
      this.#connection.outbox.ack(this.#message.channel.id, this.#message.deliveryTag);
  }

  release(): void {
    if (this.#settle())
      this.#connection.outbox.requeue(this.#message.channel.id, this.#message.deliveryTag);
  }

  /**
   * Says whether the delivery is still ours to end. A second end would make the broker close the channel. On a channel
   * that is closed the broker has put the request back, and a later channel may have its number.
   */
  #settle(): boolean {
    if (this.#settled || this.#message.channel.closed) return false;
    this.#settled = true;
    return true;
  }
}
