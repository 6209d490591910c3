import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { ERROR_HEADER } from "../../wire/failure.ts";
import type { Delivery, MessageBody } from "../transport.ts";
import type { Outbox } from "./outbox.ts";
import type { IncomingMessage } from "./incoming_message.ts";
import { readHeaders } from "./property_reader.ts";

/** What the requests of one route have in common. */
export interface DeliverySource {
  readonly route: string;
  readonly channel: AMQPChannel;
  readonly outbox: Outbox;
  /** Sent along with every reply. */
  readonly appId: string;
}

/** One request from RabbitMQ. */
export class AMQPDelivery implements Delivery {
  readonly #source: DeliverySource;
  readonly #message: IncomingMessage;
  #settled = false;

  constructor(source: DeliverySource, message: IncomingMessage) {
    this.#source = source;
    this.#message = message;
  }

  get route(): string {
    return this.#source.route;
  }

  get body(): MessageBody {
    return this.#message;
  }

  get wantsReply(): boolean {
    return Boolean(this.#message.replyTo);
  }

  get correlationId(): string {
    return this.#message.correlationId ?? "";
  }

  get contentType(): string | undefined {
    return this.#message.contentType;
  }

  get contentEncoding(): string | undefined {
    return this.#message.contentEncoding;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return readHeaders(this.#message);
  }

  get redelivered(): boolean {
    return this.#message.redelivered;
  }

  /**
   * The expiration is counted from the publish, whose time is known in whole seconds of the caller's clock. The broker
   * drops what expired, so a request that seems to have is from a clock that differs from ours, and is not believed.
   */
  get expiresAt(): number | undefined {
    const { expiration, timestamp, receivedAt } = this.#message;
    const given = Number(expiration);
    if (!expiration || !Number.isFinite(given)) return undefined;
    const receivedOn = Date.now() - (performance.now() - receivedAt);
    const waited = timestamp ? receivedOn - timestamp * 1_000 - 999 : 0;
    return receivedAt + (waited > 0 && waited < given ? given - waited : given);
  }

  respond(body: string, errorCode?: string): void {
    if (!this.#settle()) return;
    const { replyTo, correlationId, correlationIdBytes, deliveryTag } = this.#message;
    const { channel, outbox, appId } = this.#source;
    if (replyTo) {
      const properties = {
        contentType: "application/json",
        headers: errorCode === undefined ? undefined : { [ERROR_HEADER]: errorCode },
        correlationId: correlationIdBytes ?? correlationId,
        appId,
      };
      outbox.publish(channel.id, { routingKey: replyTo, mandatory: false, properties }, body);
    }
    // After the reply, on the same channel: the broker takes them in this order.
    outbox.ack(channel.id, deliveryTag);
  }

  ack(): void {
    const { channel, outbox } = this.#source;
    if (this.#settle()) outbox.ack(channel.id, this.#message.deliveryTag);
  }

  release(): void {
    const { channel, outbox } = this.#source;
    if (this.#settle()) outbox.requeue(channel.id, this.#message.deliveryTag);
  }

  /**
   * Says whether the delivery is still ours to end. A second end would make the broker close the channel. On a channel
   * that is closed the broker has put the request back, and a later channel may have its number.
   */
  #settle(): boolean {
    if (this.#settled || this.#source.channel.closed) return false;
    this.#settled = true;
    return true;
  }
}
