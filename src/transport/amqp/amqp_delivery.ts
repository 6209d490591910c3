import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { ERROR_HEADER } from "../../wire/failure.ts";
import type { Delivery, MessageBody } from "../transport.ts";
import type { CallerClocks } from "./caller_clocks.ts";
import type { FirstReceipts } from "./first_receipts.ts";
import type { Outbox } from "./outbox.ts";
import type { IncomingMessage } from "./incoming_message.ts";
import { readHeaders } from "./property_reader.ts";

/** The header in which a quorum queue counts earlier deliveries of a message. */
const DELIVERY_COUNT = "x-delivery-count";

/** How often a counted message may go back. RabbitMQ 4 drops it after 20 deliveries, and most of those are for crashes. */
const MAX_RETURNS = 3;

/** The AMQP `type` of a request whose caller reads from the type of the reply what came of it, as aio-pika's RPC does. */
const TYPED_CALL = "call";

/** What the requests of one route have in common. */
export interface DeliverySource {
  readonly route: string;
  readonly channel: AMQPChannel;
  readonly outbox: Outbox;
  readonly clocks: CallerClocks;
  readonly receipts: FirstReceipts;
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

  get mayGoBack(): boolean {
    if (!this.#message.redelivered) return true;
    const count = this.headers[DELIVERY_COUNT];
    return count === undefined || Number(count) < MAX_RETURNS;
  }

  get maxReplyBytes(): number {
    return this.#source.outbox.maxBody;
  }

  get isStale(): boolean {
    return this.#settled || this.#source.channel.closed;
  }

  get isExpired(): boolean {
    const given = this.#timeGiven;
    return given !== undefined && performance.now() >= this.#message.receivedAt + given;
  }

  /** The expiration counts from the publish. The message tells that time in whole seconds, by the caller's clock. */
  get expiresAt(): number | undefined {
    const given = this.#timeGiven;
    if (given === undefined) return undefined;
    const { timestamp, receivedAt, replyTo } = this.#message;
    if (!timestamp || !replyTo) return receivedAt + given;
    const receivedOn = Date.now() - (performance.now() - receivedAt);
    const waited = this.#source.clocks.waited(replyTo, receivedOn - timestamp * 1_000);
    return receivedAt + Math.max(0, given - waited);
  }

  respond(body: string, errorCode?: string): void {
    if (this.isStale) return;
    const { replyTo, correlationId, correlationIdBytes, deliveryTag, type } = this.#message;
    const { channel, outbox, appId } = this.#source;
    if (replyTo) {
      const properties = {
        contentType: "application/json",
        headers: errorCode === undefined ? undefined : { [ERROR_HEADER]: errorCode },
        correlationId: correlationIdBytes ?? correlationId,
        type: type === TYPED_CALL ? typeOfReply(errorCode) : undefined,
        appId,
      };
      outbox.publish(channel.id, { routingKey: replyTo, mandatory: false, properties }, body);
    }
    this.#settled = true;
    // After the reply, on the same channel: the broker takes them in this order.
    outbox.ack(channel.id, deliveryTag);
  }

  ack(): void {
    const { channel, outbox } = this.#source;
    if (this.#settle()) outbox.ack(channel.id, this.#message.deliveryTag);
  }

  release(): void {
    const { channel, outbox } = this.#source;
    if (!this.#settle()) return;
    this.#source.receipts.remember(this.#message);
    outbox.requeue(channel.id, this.#message.deliveryTag);
  }

  /** Refuses the request; its queue's dead-letter exchange gets it, if there is one. */
  reject(): void {
    const { channel, outbox } = this.#source;
    if (this.#settle()) outbox.reject(channel.id, this.#message.deliveryTag);
  }

  /** How long the caller waits from the publish on, in milliseconds; `undefined` if it did not say. */
  get #timeGiven(): number | undefined {
    const { expiration } = this.#message;
    if (!expiration) return undefined;
    const given = Number(expiration);
    return Number.isFinite(given) ? given : undefined;
  }

  /**
   * Says whether the delivery is still ours to end. A second end would make the broker close the channel. On a channel
   * that is closed the broker has put the request back, and a later channel may have its number.
   */
  #settle(): boolean {
    if (this.isStale) return false;
    this.#settled = true;
    return true;
  }
}

/** The AMQP `type` of the reply to a {@link TYPED_CALL}. */
function typeOfReply(errorCode: string | undefined): string {
  return errorCode === undefined ? "result" : "error";
}
