import { clearTimeout, setTimeout } from "node:timers";

import type { AMQPChannel, AMQPConsumer } from "@cloudamqp/amqp-client";

import { ClosedError, ConnectionRefusedError } from "../../errors.ts";
import { logger } from "../../log.ts";
import { DeliveryQueue } from "../delivery_queue.ts";
import type { Delivery, Intake, ServeOptions } from "../transport.ts";
import type { DeliverySource } from "./amqp_delivery.ts";
import { AMQPDelivery } from "./amqp_delivery.ts";
import type { BrokerConnection } from "./broker_connection.ts";
import { describe, toConnectionError } from "./broker_errors.ts";
import type { IncomingMessage } from "./incoming_message.ts";
import { declareQueue } from "./declare_queue.ts";
import type { ReplyToGuard } from "./reply_to_guard.ts";
import { within } from "./within.ts";

const log = logger("amqp");

/** How long the broker may take to confirm that it stopped delivering, in milliseconds. */
const CANCEL_TIMEOUT = 1_000;

/** Pause before a queue is set up again on a connection that stands, in milliseconds. */
const PAUSE = 250;

export interface RouteConsumerDependencies {
  readonly replyTo: ReplyToGuard;
  /** Sent along with every reply. */
  readonly appId: string;
  /** Told when the broker does not let us consume. */
  readonly onRefused: (error: ConnectionRefusedError) => void;
}

/**
 * The consumer of one route. It has a channel of its own, so that what closes a channel, e.g. a handler that outlives
 * the broker's acknowledgement timeout, stops no other route.
 */
export class RouteConsumer implements Intake {
  readonly ready: Promise<void>;
  readonly #route: string;
  readonly #options: ServeOptions;
  readonly #replyTo: ReplyToGuard;
  readonly #appId: string;
  readonly #tellRefused: (error: ConnectionRefusedError) => void;
  readonly #deliveries = new DeliveryQueue();
  #channel: AMQPChannel | undefined;
  #consumer: AMQPConsumer | undefined;
  #onReady: () => void = () => {};
  #onRefused: (error: unknown) => void = () => {};
  #endPause: (() => void) | undefined;

  constructor(
    route: string,
    options: ServeOptions,
    { replyTo, appId, onRefused }: RouteConsumerDependencies,
  ) {
    this.#route = route;
    this.#options = options;
    this.#replyTo = replyTo;
    this.#appId = appId;
    this.#tellRefused = onRefused;
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onRefused = reject;
    });
    // Whoever waits for it sees the rejection; nobody has to.
    this.ready.catch(() => {});
  }

  /** Consumes until stopped or until the connection ends; sets up again whenever the broker closes the channel. */
  async run(connection: BrokerConnection): Promise<void> {
    while (!this.#deliveries.ended && !connection.isLost) {
      try {
        await Promise.race([this.#consume(connection), connection.lost]);
      } catch (error) {
        if (connection.isLost) break;
        const reason = toConnectionError(error, connection.host);
        if (reason instanceof ConnectionRefusedError) {
          log.error("cannot serve {route}: {reason}", {
            route: this.#route,
            reason: reason.message,
          });
          this.refuse(reason);
          this.#tellRefused(reason);
          break;
        }
        log.warn("stopped consuming {route}: {reason}", {
          route: this.#route,
          reason: describe(error),
        });
        this.#deliveries.clear();
        await this.#pause();
      }
    }
    this.#consumer = undefined;
    this.#channel = undefined;
    // What is still here belongs to a channel that is gone.
    if (connection.isLost) this.#deliveries.clear();
  }

  /** Fails whoever waits for the first delivery. */
  refuse(error: Error): void {
    this.#onRefused(error);
  }

  async stop(): Promise<void> {
    if (this.#deliveries.ended) return;
    // Ended first: what arrives while the broker is being told goes straight back.
    this.#deliveries.end();
    this.#endPause?.();
    this.refuse(new ClosedError(`Stopped before "${this.#route}" could be served`));
    // A broker that blocks this connection reads nothing from it, and what it still delivers goes back in the end.
    if (this.#consumer) await within(CANCEL_TIMEOUT, this.#consumer.cancel()).catch(() => {});
  }

  take(): Delivery | undefined {
    return this.#deliveries.take();
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery> {
    return this.#deliveries;
  }

  async #consume(connection: BrokerConnection): Promise<void> {
    const { queue, prefetch } = this.#options;
    // After a cancel by the server the channel stands, and handlers still reply on it.
    const open = this.#channel?.closed === false ? this.#channel : await connection.openChannel();
    const channel = await declareQueue(connection, open, this.#route, queue);
    this.#channel = channel;
    await channel.basicQos(prefetch);
    if (this.#deliveries.ended) return;
    const source = {
      route: this.#route,
      channel,
      outbox: connection.outbox,
      appId: this.#appId,
    };
    const consumer = await connection.consume(channel, this.#route, { noAck: false }, (message) =>
      this.#onMessage(source, message),
    );
    this.#consumer = consumer;
    if (this.#deliveries.ended) await consumer.cancel();
    this.#onReady();
    await consumer.wait();
  }

  #onMessage(source: DeliverySource, message: IncomingMessage): void {
    const delivery = new AMQPDelivery(source, message);
    const { replyTo } = message;
    const allowed = !replyTo || this.#replyTo.allows(replyTo);
    if (typeof allowed === "boolean") this.#take(delivery, allowed, replyTo);
    else void allowed.then((verdict) => this.#take(delivery, verdict, replyTo));
  }

  #take(delivery: AMQPDelivery, allowed: boolean | undefined, replyTo: string | undefined): void {
    // After the end it goes back to its queue, whatever the guard could still find out.
    if (allowed || this.#deliveries.ended) return this.#deliveries.push(delivery);
    // Nobody knows yet: it may come again, but not for ever.
    if (allowed === undefined && !delivery.redelivered) return delivery.release();
    log.warn(
      "refused a request for {route}: it names a reply queue that is not allowed: {replyTo}",
      {
        route: this.#route,
        replyTo,
      },
    );
    delivery.ack();
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PAUSE);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = undefined;
  }
}
