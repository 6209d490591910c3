import { LoopbackMessage } from "./loopback_message.ts";

/** Who takes messages from a queue. */
export interface QueueConsumer {
  readonly hasRoom: boolean;
  /** Whether it takes only what nobody else can. */
  readonly yields: boolean;
  deliver(message: LoopbackMessage): void;
}

/** A queue: hands its messages to consumers in turn, each up to its prefetch. */
export class LoopbackQueue {
  readonly #messages: LoopbackMessage[] = [];
  #consumers: QueueConsumer[] = [];
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
    this.#messages.unshift(new LoopbackMessage(message.content, true));
    this.deliver();
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
        this.#messages.shift();
        continue;
      }
      const consumer = this.#nextWithRoom();
      if (!consumer) return;
      this.#messages.shift();
      consumer.deliver(message);
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
}
