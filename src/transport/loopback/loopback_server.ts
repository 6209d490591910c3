import { DeliveryQueue } from "../delivery_queue.ts";
import type {
  Delivery,
  Intake,
  LinkEvents,
  LinkStatus,
  MessageBody,
  ServeOptions,
  ServerLink,
} from "../transport.ts";
import type { LoopbackBroker } from "./loopback_broker.ts";
import type { LoopbackMessage, LoopbackQueue } from "./loopback_queue.ts";
import { TextBody } from "./text_body.ts";

/** The serving side of the loopback. */
export class LoopbackServer implements ServerLink {
  status: LinkStatus = { state: "ready", host: "loopback" };
  readonly #broker: LoopbackBroker;
  readonly #events: LinkEvents;
  readonly #consumers = new Set<LoopbackConsumer>();

  constructor(broker: LoopbackBroker, events: LinkEvents) {
    this.#broker = broker;
    this.#events = events;
    broker.hops.add(() => events.onStatus(this.status));
  }

  serve(route: string, { prefetch }: ServeOptions): Intake {
    const consumer = new LoopbackConsumer(this.#broker.declare(route), prefetch);
    this.#consumers.add(consumer);
    return consumer;
  }

  async close(): Promise<void> {
    this.status = { state: "closed" };
    for (const consumer of this.#consumers) {
      await consumer.stop();
      consumer.giveBack();
    }
    this.#events.onStatus(this.status);
  }
}

/** One consumer of a queue. */
export class LoopbackConsumer implements Intake {
  readonly ready: Promise<void> = Promise.resolve();
  readonly #queue: LoopbackQueue;
  readonly #fullPrefetch: number;
  #prefetch: number;
  #yields = false;
  readonly #deliveries = new DeliveryQueue();
  readonly #unacknowledged = new Set<LoopbackMessage>();

  constructor(queue: LoopbackQueue, prefetch: number) {
    this.#queue = queue;
    this.#fullPrefetch = prefetch;
    this.#prefetch = prefetch;
    queue.subscribe(this);
  }

  get hasRoom(): boolean {
    return this.#unacknowledged.size < this.#prefetch;
  }

  deliver(message: LoopbackMessage): void {
    this.#unacknowledged.add(message);
    this.#deliveries.push(new LoopbackDelivery(this, message));
  }

  resume(): void {
    this.#prefetch = this.#fullPrefetch;
    this.#yields = false;
    this.#queue.deliver();
  }

  yield(prefetch: number): void {
    this.#prefetch = prefetch;
    this.#yields = true;
    // Last first: each goes back to the head of the queue.
    for (const delivery of this.#deliveries.drain().reverse()) delivery.release();
    this.#queue.deliver();
  }

  /** Whether it takes what nobody else can. */
  get yields(): boolean {
    return this.#yields;
  }

  /** Whether a message is here and not ended. */
  holds(message: LoopbackMessage): boolean {
    return this.#unacknowledged.has(message);
  }

  /** Ends a message; says false when that was done before. */
  settle(message: LoopbackMessage, requeue: boolean): boolean {
    if (!this.#unacknowledged.delete(message)) return false;
    if (requeue) this.#queue.requeue(message);
    else this.#queue.deliver();
    return true;
  }

  /** Puts back what nobody acknowledged, as a broker does when a connection ends. */
  giveBack(): void {
    for (const message of [...this.#unacknowledged].reverse()) this.settle(message, true);
  }

  stop(): Promise<void> {
    this.#queue.unsubscribe(this);
    this.#deliveries.end();
    return Promise.resolve();
  }

  take(): Delivery | undefined {
    return this.#deliveries.take();
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery> {
    return this.#deliveries;
  }
}

class LoopbackDelivery implements Delivery {
  readonly contentType = "application/json";
  readonly contentEncoding: undefined;
  readonly mayGoBack = true;
  readonly maxReplyBytes = Infinity;
  readonly #consumer: LoopbackConsumer;
  readonly #message: LoopbackMessage;

  constructor(consumer: LoopbackConsumer, message: LoopbackMessage) {
    this.#consumer = consumer;
    this.#message = message;
  }

  get route(): string {
    return this.#message.route;
  }

  get isLocal(): boolean {
    return true;
  }

  get body(): MessageBody {
    return new TextBody(this.#message.body);
  }

  get correlationId(): string {
    return this.#message.correlationId;
  }

  get headers(): Readonly<Record<string, unknown>> {
    // A copy for each reader, as from a wire: what one changes, no other sees.
    return { ...this.#message.headers };
  }

  get redelivered(): boolean {
    return this.#message.redelivered;
  }

  get isStale(): boolean {
    return !this.#consumer.holds(this.#message);
  }

  get isExpired(): boolean {
    return this.#message.expiresAt <= performance.now();
  }

  get expiresAt(): number {
    return this.#message.expiresAt;
  }

  respond(body: string, errorCode?: string): void {
    const { correlationId, replyTo } = this.#message;
    if (this.#consumer.settle(this.#message, false))
      replyTo?.reply({ correlationId, body: new TextBody(body), errorCode });
  }

  ack(): void {
    this.#consumer.settle(this.#message, false);
  }

  release(): void {
    this.#consumer.settle(this.#message, true);
  }
}
