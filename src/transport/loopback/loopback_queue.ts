import type { LoopbackConsumer } from "./loopback_server.ts";
import type { LoopbackCaller } from "./loopback_caller.ts";

/** A request on its way through the loopback. */
export interface LoopbackMessage {
  readonly route: string;
  readonly correlationId: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly replyTo: LoopbackCaller | undefined;
  /** When it leaves its queue by itself, by `performance.now()`. */
  readonly expiresAt: number;
  readonly redelivered: boolean;
}

/** A route's queue: hands its messages to consumers in turn, each up to its prefetch. */
export class LoopbackQueue {
  readonly #messages: LoopbackMessage[] = [];
  #consumers: LoopbackConsumer[] = [];
  #turn = 0;

  get consumers(): number {
    return this.#consumers.length;
  }

  publish(message: LoopbackMessage): void {
    this.#messages.push(message);
    this.deliver();
  }

  /** Takes a message back that nobody acknowledged. */
  requeue(message: LoopbackMessage): void {
    this.#messages.unshift({ ...message, redelivered: true });
    this.deliver();
  }

  subscribe(consumer: LoopbackConsumer): void {
    this.#consumers.push(consumer);
    this.deliver();
  }

  unsubscribe(consumer: LoopbackConsumer): void {
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
  }

  /** Delivers what consumers have room for. */
  deliver(): void {
    let message: LoopbackMessage | undefined;
    while ((message = this.#messages[0])) {
      if (message.expiresAt <= performance.now()) {
        this.#messages.shift();
        continue;
      }
      const consumer = this.#nextWithRoom();
      if (!consumer) return;
      this.#messages.shift();
      consumer.deliver(message);
    }
  }

  #nextWithRoom(): LoopbackConsumer | undefined {
    const count = this.#consumers.length;
    let last: LoopbackConsumer | undefined;
    for (let i = 0; i < count; i++) {
      const consumer = this.#consumers[this.#turn++ % count];
      if (!consumer?.hasRoom) continue;
      if (!consumer.yields) return consumer;
      last ??= consumer;
    }
    return last;
  }
}
