import type { Delivery } from "./transport.ts";

/** Deliveries between an adapter, which pushes them, and one worker, which iterates over them. */
export class DeliveryQueue implements AsyncIterableIterator<Delivery> {
  readonly #buffer: Delivery[] = [];
  #head = 0;
  #wake: ((result: IteratorResult<Delivery>) => void) | undefined;
  #ended = false;

  /** Whether {@link end} was called. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Hands over a delivery; after the end it goes back to its queue. */
  push(delivery: Delivery): void {
    if (this.#ended) return delivery.release();
    if (!this.#wake) {
      this.#buffer.push(delivery);
      return;
    }
    const wake = this.#wake;
    this.#wake = undefined;
    wake({ done: false, value: delivery });
  }

  /** Takes everything that is here. */
  drain(): Delivery[] {
    const rest = this.#buffer.slice(this.#head);
    this.clear();
    return rest;
  }

  /** Forgets what was not taken, as its channel is gone and the broker delivers it again. */
  clear(): void {
    this.#buffer.length = 0;
    this.#head = 0;
  }

  /** Ends the iteration and gives back what was not taken. */
  end(): void {
    this.#ended = true;
    const rest = this.drain();
    // Last first: a classic queue puts each back at its head.
    for (const delivery of rest.reverse()) delivery.release();
    this.#wake?.({ done: true, value: undefined });
    this.#wake = undefined;
  }

  /** The next delivery, if there is one. */
  take(): Delivery | undefined {
    const delivery = this.#buffer[this.#head];
    if (delivery && ++this.#head === this.#buffer.length) this.clear();
    return delivery;
  }

  next(): Promise<IteratorResult<Delivery>> {
    const delivery = this.take();
    if (delivery) return Promise.resolve({ done: false, value: delivery });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => (this.#wake = resolve));
  }

  return(): Promise<IteratorResult<Delivery>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
