import type { Delivery, Intake } from "../transport/transport.ts";

/** How long a route's requests may wait here one after the other before they go back to their queue, in milliseconds. */
const PATIENCE = 50;

/** How long a route is then held to what it had places for, in milliseconds. */
const CAUTION = 1_000;

/** How long to wait for more places to become free before routes are let in again, in milliseconds. */
const PAUSE = 5;

/** A queue that counts them drops a message after 20 deliveries, so only so many are spent on waiting for a place. */
const MAX_RETURNS = 3;

/** One route that is served. */
export class Service {
  readonly intake: Intake;
  /** How many handlers of this route may run, and how many of its requests may be here when there is room. */
  readonly concurrency: number;
  /** How many more handlers may start. */
  free: number;
  /** How many requests may be here now. */
  prefetch: number;
  /** Since when its requests have been waiting one after the other, by `performance.now()`. */
  waitsSince: number | undefined;

  constructor(intake: Intake, concurrency: number) {
    this.intake = intake;
    this.concurrency = concurrency;
    this.free = concurrency;
    this.prefetch = concurrency;
  }

  /** What came has been taken: the next request does not wait behind another. */
  onEmpty(): void {
    this.waitsSince = undefined;
  }

  setPrefetch(prefetch: number): void {
    this.prefetch = prefetch;
    this.intake.setPrefetch(prefetch);
  }
}

/** A request that waits for a place. */
interface Waiter {
  readonly service: Service;
  readonly delivery: Delivery;
  readonly resolve: (hasPlace: boolean) => void;
}

/**
 * The places of a worker's handlers: so many in all, and so many for each route. They are counted by handlers that run, so
 * that the limits hold whatever becomes of the messages.
 *
 * RabbitMQ limits what a consumer holds for each queue alone, so that a worker of many routes may be sent more than it can
 * run, while another worker is idle. So requests that keep waiting go back to their queue, and their route is let in again
 * when places are free: for a moment as many requests as there are places, then all that it may hold.
 */
export class Places {
  readonly #count: number;
  /** How many more handlers may start. */
  #free: number;
  readonly #waiting: Waiter[] = [];
  /** Routes that are held to less than they may have. */
  readonly #heldBack = new Set<Service>();
  #cautiousUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(count: number) {
    this.#count = count;
    this.#free = count;
  }

  /** Takes a place if there is one. */
  take(service: Service): boolean {
    if (this.#free === 0 || service.free === 0) return false;
    this.#free--;
    service.free--;
    return true;
  }

  /** Waits for a place. @returns whether it got one; else the request should go back to its queue */
  wait(service: Service, delivery: Delivery): boolean | Promise<boolean> {
    if (this.#closed || (service.prefetch === 0 && mayGoBack(delivery))) return false;
    service.waitsSince ??= performance.now();
    return new Promise((resolve) => {
      this.#waiting.push({ service, delivery, resolve });
      this.#schedule(PATIENCE);
    });
  }

  giveBack(service: Service): void {
    this.#free++;
    service.free++;
    if (this.#waiting.length > 0) {
      // Handed over: else another route could take it before the one that waits has woken.
      const index = this.#waiting.findIndex((waiter) => this.take(waiter.service));
      if (index >= 0) return this.#waiting.splice(index, 1)[0]?.resolve(true);
    }
    if (this.#heldBack.size > 0) this.#schedule(PAUSE);
  }

  /** Sends everybody away who waits, and whoever would wait from now on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { resolve } of this.#waiting.splice(0)) resolve(false);
  }

  #schedule(delay: number): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#balance();
    }, delay);
  }

  #balance(): void {
    const now = performance.now();
    for (const waiter of [...this.#waiting]) {
      if (now - (waiter.service.waitsSince ?? now) >= PATIENCE) this.#holdBack(waiter, now);
    }
    if (this.#free > 0) this.#letIn(now);
    if (this.#waiting.length > 0) this.#schedule(PATIENCE);
    else if ([...this.#heldBack].some(({ prefetch }) => prefetch > 0)) this.#schedule(CAUTION);
  }

  #holdBack(waiter: Waiter, now: number): void {
    const { service, delivery } = waiter;
    this.#cautiousUntil = now + CAUTION;
    this.#heldBack.add(service);
    if (service.prefetch > 0) service.setPrefetch(0);
    if (!mayGoBack(delivery)) return;
    this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
    waiter.resolve(false);
  }

  #letIn(now: number): void {
    const isCautious = now < this.#cautiousUntil && this.#free < this.#count / 2;
    for (const service of this.#heldBack) {
      const { free, concurrency, prefetch } = service;
      if (free === 0 || this.#waiting.some((waiter) => waiter.service === service)) continue;
      if (!isCautious) {
        this.#heldBack.delete(service);
        service.setPrefetch(concurrency);
      } else if (prefetch === 0) {
        service.setPrefetch(Math.min(concurrency, concurrency - free + this.#free));
      }
    }
  }
}

function mayGoBack(delivery: Delivery): boolean {
  return delivery.returns < MAX_RETURNS;
}
