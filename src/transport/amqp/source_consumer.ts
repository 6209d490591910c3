import { clearTimeout, setTimeout } from "node:timers";

import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { ClosedError, ConnectionRefusedError } from "../../errors.ts";
import { logger } from "../../log.ts";
import { DeliveryQueue } from "../delivery_queue.ts";
import type { Delivery, Intake, Source } from "../transport.ts";
import type { DeliveryChannel } from "./amqp_delivery.ts";
import { AMQPDelivery } from "./amqp_delivery.ts";
import type { BrokerConnection, Consumption } from "./connection/broker_connection.ts";
import { reasonOf, readSizeLimit, toConnectionError } from "./connection/broker_errors.ts";
import type { CallerClocks } from "./caller_clocks.ts";
import { FirstReceipts } from "./first_receipts.ts";
import type { IncomingMessage } from "./frames/incoming_message.ts";
import { declareSource } from "./topology/declare_source.ts";
import type { ReplyToGuard, Verdict } from "./reply_to/reply_to_guard.ts";
import { within } from "./connection/within.ts";

const log = logger("amqp");

/** How long the broker may take to confirm that it stopped delivering, in milliseconds. */
const CANCEL_TIMEOUT = 1_000;

/** Bounds of the pause before a queue is set up again on a connection that stands, in milliseconds. */
const PAUSE = { initial: 250, max: 10_000 } as const;

/** A consumer that ran at least this long counts as healthy: its next end starts the pauses over. In milliseconds. */
const STABLE_TIME = 2_000;

export interface SourceConsumerDependencies {
  readonly replyTo: ReplyToGuard;
  readonly clocks: CallerClocks;
  /** Sent along with every reply. */
  readonly appId: string;
  /** Told when the broker does not let us consume. */
  readonly onRefused: (error: ConnectionRefusedError) => void;
}

/**
 * The consumer of one source. It has its own channel, so that an error which closes the channel stops this source only, e.g.
 * a handler that outlives the broker's acknowledgement timeout.
 */
export class SourceConsumer implements Intake {
  readonly ready: Promise<void>;
  readonly #source: Source;
  readonly #fullPrefetch: number;
  readonly #dependencies: SourceConsumerDependencies;
  readonly #deliveries = new DeliveryQueue();
  readonly #receipts = new FirstReceipts();
  #prefetch: number;
  #yields = false;
  /** The current connection. Work that an earlier connection began checks this, and then changes nothing here. */
  #connection: BrokerConnection | undefined;
  #channel: AMQPChannel | undefined;
  #consumption: Consumption | undefined;
  #onReady: () => void = () => {};
  #onRefused: (error: unknown) => void = () => {};
  #endPause: (() => void) | undefined;

  constructor(source: Source, prefetch: number, dependencies: SourceConsumerDependencies) {
    this.#source = source;
    this.#fullPrefetch = prefetch;
    this.#dependencies = dependencies;
    this.#prefetch = prefetch;
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onRefused = reject;
    });
    // Callers may ignore `ready`; without this its rejection would then be unhandled.
    this.ready.catch(() => {});
  }

  /** Consumes until stopped or until the connection ends; sets up again whenever the broker closes the channel. */
  async run(connection: BrokerConnection): Promise<void> {
    this.#connection = connection;
    this.#channel = undefined;
    this.#consumption = undefined;
    this.#deliveries.clear();
    for (let failures = 1; this.#isOn(connection); failures++) {
      const startedAt = performance.now();
      try {
        await this.#consume(connection);
        // We ended it ourselves, to consume with another prefetch.
        failures = 0;
        continue;
      } catch (error) {
        if (!this.#isOn(connection) || !this.#mayTryAgain(connection, error)) return;
      }
      if (performance.now() - startedAt > STABLE_TIME) failures = 1;
      await this.#pause(connection, Math.min(PAUSE.max, PAUSE.initial * 2 ** (failures - 1)));
    }
  }

  /** Fails whoever waits for the first delivery. */
  refuse(error: Error): void {
    this.#onRefused(error);
  }

  resume(): void {
    this.#prefetch = this.#fullPrefetch;
    this.#yields = false;
    // A consumer keeps the prefetch and the priority that it began with.
    this.#consumption?.cancel().catch(() => {});
  }

  yield(prefetch: number): void {
    this.#prefetch = prefetch;
    this.#yields = true;
    this.#consumption?.cancel().then(
      () => this.#giveBack(),
      () => {},
    );
  }

  async stop(): Promise<void> {
    if (this.#deliveries.ended) return;
    // End the queue before telling the broker: what arrives in between then goes straight back.
    this.#deliveries.end();
    this.#endPause?.();
    this.refuse(new ClosedError(`Stopped before "${this.#source.queue}" could be served`));
    // A broker that blocks this connection reads no cancel. What it still delivers goes back when the connection closes.
    if (this.#consumption) await within(CANCEL_TIMEOUT, this.#consumption.cancel()).catch(() => {});
  }

  take(): Delivery | undefined {
    return this.#deliveries.take();
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery> {
    return this.#deliveries;
  }

  /** Whether there is anything to do on this connection. */
  #isOn(connection: BrokerConnection): boolean {
    return !this.#deliveries.ended && this.#connection === connection && !connection.isLost;
  }

  /** Consumes until we cancel it. @throws the reason when anything else ends it */
  async #consume(connection: BrokerConnection): Promise<void> {
    const channel = await this.#openChannel(connection);
    const [prefetch, yields] = [this.#prefetch, this.#yields];
    await connection.answered(channel.basicQos(prefetch));
    if (!this.#isOn(connection)) return;
    const { appId, clocks } = this.#dependencies;
    const { outbox } = connection;
    const receipts = this.#receipts;
    const from = { channel, outbox, appId, clocks, receipts };
    const tag = `${appId}.${crypto.randomUUID().slice(0, 8)}`;
    const options = { noAck: false, tag, priority: yields ? -1 : 0 };
    const { queue } = this.#source;
    const consumption = await connection.consume(channel, queue, options, (message) =>
      this.#onMessage(from, message),
    );
    const isWanted = prefetch === this.#prefetch && yields === this.#yields;
    if (!this.#isOn(connection) || !isWanted) await consumption.cancel();
    else this.#consumption = consumption;
    this.#onReady();
    try {
      await consumption.wait();
    } catch (error) {
      // After a cancel by the broker the channel stays open, because handlers still reply on it. RabbitMQ 4.3 keeps the
      // cancelled consumer, and the next one would be added to it.
      if (!channel.closed) await consumption.cancel().catch(() => {});
      throw error;
    } finally {
      if (this.#consumption === consumption) this.#consumption = undefined;
    }
  }

  #giveBack(): void {
    // In reverse: a classic queue puts each message back at its head.
    for (const delivery of this.#deliveries.drain().reverse()) {
      if (delivery.mayGoBack) delivery.release();
      else this.#deliveries.push(delivery);
    }
  }

  /** The channel to consume on, with the queue declared: the one that is open, or another. */
  async #openChannel(connection: BrokerConnection): Promise<AMQPChannel> {
    const open = this.#channel?.closed === false ? this.#channel : await connection.openChannel();
    const channel = await declareSource(connection, open, this.#source);
    if (this.#isOn(connection)) this.#channel = channel;
    return channel;
  }

  #mayTryAgain(connection: BrokerConnection, error: unknown): boolean {
    const route = this.#source.queue;
    const reason = toConnectionError(error, connection.host);
    if (reason instanceof ConnectionRefusedError) {
      log.error("cannot serve {route}: {reason}", { route, reason: reason.message });
      this.refuse(reason);
      this.#dependencies.onRefused(reason);
      return false;
    }
    log.warn("stopped consuming {route}: {reason}", { route, reason: reasonOf(error) });
    // The broker delivers the request of a reply that it refused as too large again; it is then answered with `too_large`.
    connection.outbox.maxBody = Math.min(connection.outbox.maxBody, readSizeLimit(error));
    if (this.#channel?.closed !== false) this.#deliveries.clear();
    return true;
  }

  #onMessage(from: DeliveryChannel, message: IncomingMessage): void {
    this.#receipts.correct(message);
    const delivery = new AMQPDelivery(from, message);
    const { replyTo } = message;
    const allowed =
      !replyTo || !this.#source.isAnswered || this.#dependencies.replyTo.allows(replyTo);
    if (typeof allowed === "boolean") this.#take(delivery, allowed, replyTo);
    else void allowed.then((verdict) => this.#take(delivery, verdict, replyTo));
  }

  #take(delivery: AMQPDelivery, allowed: Verdict, replyTo: string | undefined): void {
    // The channel has closed meanwhile: the broker delivers the request again.
    if (delivery.isStale) return;
    // Stopping: the queue releases it whatever the verdict.
    if (allowed || this.#deliveries.ended) return this.#deliveries.push(delivery);
    // The broker gave no verdict: requeue once. A redelivered request is refused.
    if (allowed === undefined && !delivery.message.redelivered) return delivery.release();
    log.warn(
      "refused a request for {route}: it names a reply queue that is not allowed: {replyTo}",
      { route: this.#source.queue, replyTo },
    );
    delivery.reject();
  }

  /** Waits, until the connection ends or `stop()` is called at the latest. */
  async #pause(connection: BrokerConnection, milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((resolve) => {
      this.#endPause = resolve;
      timer = setTimeout(resolve, milliseconds);
    });
    await connection.answered(over).catch(() => {});
    clearTimeout(timer);
    this.#endPause = undefined;
  }
}
