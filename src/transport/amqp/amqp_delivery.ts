import type { AMQPChannel } from "@cloudamqp/amqp-client";

import type { Delivery, OutgoingReply } from "../transport.ts";
import type { CallerClocks } from "./caller_clocks.ts";
import type { FirstReceipts } from "./first_receipts.ts";
import type { Outbox } from "./frames/outbox.ts";
import type { IncomingMessage } from "./frames/incoming_message.ts";

/** The header in which a quorum queue counts earlier deliveries of a message. */
const DELIVERY_COUNT = "x-delivery-count";

/** How often a counted message may go back. RabbitMQ 4 drops it after 20 deliveries, and most of those are for crashes. */
const MAX_RETURNS = 3;

/** What the deliveries of one channel have in common. */
export interface DeliveryChannel {
  readonly channel: AMQPChannel;
  readonly outbox: Outbox;
  readonly clocks: CallerClocks;
  readonly receipts: FirstReceipts;
  /** Sent along with every reply. */
  readonly appId: string;
}

/** One message from RabbitMQ. */
export class AMQPDelivery implements Delivery {
  readonly message: IncomingMessage;
  readonly isLocal = false;
  readonly #from: DeliveryChannel;
  #settled = false;
  #isGivenBack = false;

  constructor(from: DeliveryChannel, message: IncomingMessage) {
    this.#from = from;
    this.message = message;
  }

  get mayGoBack(): boolean {
    if (!this.message.redelivered) return true;
    const count = this.message.headers[DELIVERY_COUNT];
    return count === undefined || Number(count) < MAX_RETURNS;
  }

  get maxReplyBytes(): number {
    return this.#from.outbox.maxBody;
  }

  get isStale(): boolean {
    return this.#settled || this.#from.channel.closed;
  }

  get isCutOff(): boolean {
    return this.#isGivenBack || this.#from.channel.closed;
  }

  get isHeldUp(): boolean {
    return this.#from.outbox.isHeldUp;
  }

  get isExpired(): boolean {
    const given = this.#timeGiven;
    return given !== undefined && performance.now() >= this.message.receivedAt + given;
  }

  /** The expiration counts from the publish. The message tells that time in whole seconds, by the caller's clock. */
  get expiresAt(): number | undefined {
    const given = this.#timeGiven;
    if (given === undefined) return undefined;
    const { timestamp, receivedAt, replyTo } = this.message;
    if (!timestamp || !replyTo) return receivedAt + given;
    const receivedOn = Date.now() - (performance.now() - receivedAt);
    const waited = this.#from.clocks.waited(replyTo, receivedOn - timestamp * 1_000);
    return receivedAt + Math.max(0, given - waited);
  }

  reply({ id, replyTo: answerTo, body, contentType, headers, type }: OutgoingReply): number {
    if (this.isCutOff) return 0;
    const { replyTo, correlationId, correlationIdBytes } = this.message;
    if (!replyTo) return 0;
    const { channel, outbox, appId } = this.#from;
    const properties = {
      contentType,
      headers,
      correlationId: correlationIdBytes ?? correlationId,
      replyTo: answerTo,
      messageId: id,
      type,
      appId,
    };
    return outbox.publish(channel.id, { routingKey: replyTo, mandatory: false, properties }, body);
  }

  ack(): void {
    const { channel, outbox } = this.#from;
    // On the channel of the replies and after them: the broker takes them in this order.
    if (this.#settle()) outbox.ack(channel.id, this.message.deliveryTag);
  }

  release(): void {
    const { channel, outbox } = this.#from;
    if (!this.#settle()) return;
    this.#isGivenBack = true;
    this.#from.receipts.remember(this.message);
    outbox.requeue(channel.id, this.message.deliveryTag);
  }

  /** Refuses the request; its queue's dead-letter exchange gets it, if there is one. */
  reject(): void {
    const { channel, outbox } = this.#from;
    if (this.#settle()) outbox.reject(channel.id, this.message.deliveryTag);
  }

  /** How long the caller waits from the publish on, in milliseconds; `undefined` if it did not say. */
  get #timeGiven(): number | undefined {
    const { expiration } = this.message;
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
