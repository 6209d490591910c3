import { byteLength } from "../../messages/byte_length.ts";
import { DeliveryQueue } from "../delivery_queue.ts";
import type { ConsumerLink, Delivery, Inbox, Intake, OutgoingReply, Source } from "../transport.ts";
import { LoopbackLink } from "./loopback_link.ts";
import { LoopbackMessage } from "./loopback_message.ts";
import type { LoopbackQueue, QueueConsumer } from "./loopback_queue.ts";

/** Takes messages from the loopback. */
export class LoopbackConsumer extends LoopbackLink implements ConsumerLink {
  readonly #intakes = new Set<LoopbackIntake>();
  readonly #inboxes = new Map<string, Inbox>();

  consume(source: Source, prefetch: number): Intake {
    const intake = new LoopbackIntake(this.broker.declare(source), prefetch);
    this.#intakes.add(intake);
    return intake;
  }

  openInbox(inbox: Inbox): Promise<string | undefined> {
    // As brokers name the queues that clients do not name.
    const name = `amq.gen-${crypto.randomUUID()}`;
    this.#inboxes.set(name, inbox);
    this.broker.inboxes.set(name, inbox);
    return Promise.resolve(name);
  }

  override async close(): Promise<void> {
    this.isClosed = true;
    for (const intake of this.#intakes) {
      await intake.stop();
      intake.giveBack();
    }
    for (const [name, inbox] of this.#inboxes) {
      this.broker.inboxes.delete(name);
      inbox.onLost();
    }
    await super.close();
  }
}

/** What one consumer has of a queue. */
class LoopbackIntake implements Intake, QueueConsumer {
  readonly ready: Promise<void> = Promise.resolve();
  readonly #queue: LoopbackQueue;
  readonly #fullPrefetch: number;
  #prefetch: number;
  #yields = false;
  /** Whether its link is gone. */
  isClosed = false;
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

  /** Whether a message can come back without being given up. */
  mayGoBack(message: LoopbackMessage): boolean {
    return this.#queue.mayComeBack(message);
  }

  /** Ends a message, unless that was done before. */
  settle(message: LoopbackMessage, how: "ack" | "requeue" | "reject"): void {
    if (!this.#unacknowledged.delete(message)) return;
    this.#queue.onEnded();
    if (how === "requeue") this.#queue.requeue(message);
    else if (how === "reject") this.#queue.reject(message);
    else this.#queue.deliver();
  }

  /** Puts back what nobody acknowledged, as a broker does when a connection ends. */
  giveBack(): void {
    this.isClosed = true;
    for (const message of [...this.#unacknowledged].reverse()) this.settle(message, "requeue");
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
  readonly message: LoopbackMessage;
  readonly isLocal = true;
  readonly maxReplyBytes = Infinity;
  readonly isHeldUp = false;
  readonly #intake: LoopbackIntake;
  #isAcknowledged = false;

  constructor(intake: LoopbackIntake, message: LoopbackMessage) {
    this.#intake = intake;
    this.message = message;
  }

  get mayGoBack(): boolean {
    return this.#intake.mayGoBack(this.message);
  }

  get isStale(): boolean {
    return !this.#intake.holds(this.message);
  }

  get isCutOff(): boolean {
    return this.#intake.isClosed || (this.isStale && !this.#isAcknowledged);
  }

  get isExpired(): boolean {
    return this.message.isExpired;
  }

  get expiresAt(): number | undefined {
    return this.message.content.expiresAt;
  }

  reply({ id, replyTo: inbox, body: text, contentType, headers, type }: OutgoingReply): number {
    const { correlationId, replyTo } = this.message.content;
    if (this.isCutOff || !replyTo) return 0;
    const content = { id, inbox, correlationId, type, contentType, text, headers };
    replyTo.reply(new LoopbackMessage(content));
    return byteLength(text);
  }

  ack(): void {
    if (this.isStale) return;
    this.#isAcknowledged = true;
    this.#intake.settle(this.message, "ack");
  }

  release(): void {
    this.#intake.settle(this.message, "requeue");
  }

  reject(): void {
    this.#intake.settle(this.message, "reject");
  }
}
