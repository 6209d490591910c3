import { Deadlines } from "../../time/deadlines.ts";
import { LoopbackMessage } from "./loopback_message.ts";
import type { QueuePolicy } from "./queue_policy.ts";

/** Who takes messages from a queue. */
export interface QueueConsumer {
  readonly hasRoom: boolean;
  /** Whether it takes only what nobody else can. */
  readonly yields: boolean;
  deliver(message: LoopbackMessage): void;
}

/** Why a message leaves its queue for the dead letters, in the broker's words. */
export type DeathReason = "expired" | "rejected" | "delivery_limit";

/** A queue: hands its messages to consumers in turn, each up to its prefetch. */
export class LoopbackQueue {
  readonly #policy: QueuePolicy;
  readonly #onDead: (message: LoopbackMessage, reason: DeathReason) => void;
  readonly #messages: LoopbackMessage[] = [];
  #held = 0;
  #consumers: QueueConsumer[] = [];
  #turn = 0;
  #places = 0;
  /** When the messages here expire; none for a queue that holds them without an end. */
  readonly #expiry: Expiry | undefined;

  constructor(
    policy: QueuePolicy = {},
    onDead: (message: LoopbackMessage, reason: DeathReason) => void = () => {},
  ) {
    this.#policy = policy;
    this.#onDead = onDead;
    if (policy.messageTTL !== undefined) this.#expiry = new Expiry(() => this.#expire());
  }

  get consumers(): number {
    return this.#consumers.length;
  }

  /** How many messages wait for a consumer. */
  get size(): number {
    return this.#messages.length;
  }

  /** How many messages consumers have and did not end. */
  get held(): number {
    return this.#held;
  }

  /** The messages that wait, the first one first. */
  get waits(): readonly LoopbackMessage[] {
    return this.#messages;
  }

  /** A consumer has ended a message, in one of the ways that follow or by acknowledging it. */
  onEnded(): void {
    this.#held--;
  }

  publish(message: LoopbackMessage): void {
    const { messageTTL } = this.#policy;
    if (messageTTL !== undefined) message.leavesAt = performance.now() + messageTTL;
    message.place = ++this.#places;
    this.#messages.push(message);
    this.deliver();
    this.#watchHead();
  }

  /** Whether a message was delivered less often than it may be. */
  mayComeBack({ deliveries }: LoopbackMessage): boolean {
    return deliveries < (this.#policy.deliveryLimit ?? Infinity);
  }

  /** Takes a message back to its place that nobody acknowledged, or gives it up when that has happened too often. */
  requeue(message: LoopbackMessage): void {
    if (!this.mayComeBack(message)) return this.#onDead(message, "delivery_limit");
    const returned = new LoopbackMessage(message.content, { deliveries: message.deliveries + 1 });
    returned.leavesAt = message.leavesAt;
    returned.place = message.place;
    const next = this.#messages.findIndex(({ place }) => place > message.place);
    this.#messages.splice(next === -1 ? this.#messages.length : next, 0, returned);
    this.deliver();
  }

  /** Gives up a message that a consumer refused. */
  reject(message: LoopbackMessage): void {
    this.#onDead(message, "rejected");
    this.deliver();
  }

  /** Takes out the first message that waits. */
  shift(): LoopbackMessage | undefined {
    this.#dropExpired();
    return this.#messages.shift();
  }

  subscribe(consumer: QueueConsumer): void {
    this.#consumers.push(consumer);
    this.deliver();
  }

  unsubscribe(consumer: QueueConsumer): void {
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
  }

  /** Delivers what consumers have room for. */
  deliver(): void {
    let message: LoopbackMessage | undefined;
    while ((message = this.#messages[0])) {
      if (message.isExpired) {
        this.#dropExpired();
        continue;
      }
      const consumer = this.#nextWithRoom();
      if (!consumer) return;
      this.#messages.shift();
      this.#held++;
      consumer.deliver(message);
    }
  }

  /** Gives up what expired at the head. */
  #dropExpired(): void {
    let message: LoopbackMessage | undefined;
    while ((message = this.#messages[0])?.isExpired) {
      this.#messages.shift();
      this.#onDead(message, "expired");
    }
  }

  #nextWithRoom(): QueueConsumer | undefined {
    const count = this.#consumers.length;
    let last: QueueConsumer | undefined;
    for (let i = 0; i < count; i++) {
      const consumer = this.#consumers[this.#turn++ % count];
      if (!consumer?.hasRoom) continue;
      if (!consumer.yields) return consumer;
      last ??= consumer;
    }
    return last;
  }

  /** Gives up what has waited for as long as the queue holds messages. All are held equally long, so the head is due first. */
  #expire(): void {
    let message: LoopbackMessage | undefined;
    while ((message = this.#messages[0]) && message.leavesAt <= performance.now()) {
      this.#messages.shift();
      this.#onDead(message, "expired");
    }
    this.#watchHead();
  }

  #watchHead(): void {
    const [head] = this.#messages;
    if (head) this.#expiry?.set(head.leavesAt);
  }
}

/** One clock for all queues that hold messages for a time. Waiting there does not keep the process alive, as no broker would. */
const clock = /* @__PURE__ */ new Deadlines({ keepsProcessAlive: false });

/** When the head of a queue expires. */
class Expiry {
  tick = 0;
  readonly #onDue: () => void;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  set(at: number): void {
    if (this.tick === 0) clock.add(this, at);
  }

  onDeadline(): void {
    this.#onDue();
  }
}
