import type { Delivery, Intake } from "../transport/transport.ts";

/** How long a route's requests may wait here one after the other before others go first, in milliseconds. */
const PATIENCE = 50;

/** How long one request waits at most before it goes back to its queue once more, in milliseconds. */
const MAX_PATIENCE = 1_000;

/** How long a route is then held to what there were places for, in milliseconds. */
const CAUTION = 1_000;

/** How long to wait for more places to become free before routes are let in again, in milliseconds. */
const PAUSE = 5;

/** One route that is served. */
export class Service {
  readonly intake: Intake;
  /** How many handlers of this route may run, and how many of its requests may be here when there is room. */
  readonly concurrency: number;
  /** How many more handlers may start. */
  free: number;
  /** Since when its requests have been waiting one after the other, by `performance.now()`. */
  waitsSince: number | undefined;
  /** Whether others go first. */
  yields = false;
  patience: number = PATIENCE;

  constructor(intake: Intake, concurrency: number) {
    this.intake = intake;
    this.concurrency = concurrency;
    this.free = concurrency;
  }

  /** What came has been taken: the next request does not wait behind another. */
  onEmpty(): void {
    this.waitsSince = undefined;
  }
}

/** A request that waits for a place. */
interface Waiter {
  readonly service: Service;
  readonly delivery: Delivery;
  readonly since: number;
  readonly resolve: (hasPlace: boolean) => void;
}

/**
 * The places of a worker's handlers: so many in all, and so many for each route. They are counted by handlers that run, so
 * that the limits hold whatever becomes of the messages.
 *
 * RabbitMQ limits what a consumer holds for each queue alone, so that a worker of many routes may be sent more than it can
 * run, while another worker is idle. So a route whose requests keep waiting lets others go first: it gives back what waits
 * and takes only what nobody else can, one at a time. It still consumes, so that its callers see that it is served. When
 * places are free it is let in again: for a moment as many requests as there are places, then all that it may hold.
 */
export class Places {
  readonly #count: number;
  /** How many more handlers may start. */
  #free: number;
  readonly #waiting: Waiter[] = [];
  /** Routes that let others go first, or are held to less than they may have. */
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
  wait(service: Service, delivery: Delivery): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(false);
      const since = performance.now();
      service.waitsSince ??= since;
      this.#waiting.push({ service, delivery, since, resolve });
      this.#schedule(PATIENCE);
    });
  }

  giveBack(service: Service): void {
    this.#free++;
    service.free++;
    if (this.#waiting.length > 0) {
      // Handed over: else another route could take it before the one that waits has woken.
      const waiter = this.#waiting.find((waiter) => this.take(waiter.service));
      if (waiter) {
        waiter.service.patience = PATIENCE;
        return this.#answer(waiter, true);
      }
    }
    if (this.#heldBack.size > 0) this.#schedule(PAUSE);
  }

  /** Sends everybody away who waits, and whoever would wait from now on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const waiter of [...this.#waiting]) this.#answer(waiter, false);
  }

  #answer(waiter: Waiter, hasPlace: boolean): void {
    this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
    waiter.resolve(hasPlace);
  }

  #schedule(delay: number): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#balance(performance.now());
    }, delay);
  }

  #balance(now: number): void {
    for (const waiter of [...this.#waiting]) {
      const { service, delivery, since } = waiter;
      if (!service.yields && now - (service.waitsSince ?? now) >= PATIENCE)
        this.#holdBack(service, now);
      if (!service.yields || now - since < service.patience || !delivery.mayGoBack) continue;
      service.patience = Math.min(MAX_PATIENCE, 2 * service.patience);
      this.#answer(waiter, false);
    }
    if (this.#free > 0) this.#letIn(now);
    if (this.#waiting.length > 0) this.#schedule(PATIENCE);
    else if ([...this.#heldBack].some(({ yields }) => !yields)) this.#schedule(CAUTION);
  }

  #holdBack(service: Service, now: number): void {
    this.#cautiousUntil = now + CAUTION;
    this.#heldBack.add(service);
    service.yields = true;
    service.intake.yield();
  }

  #letIn(now: number): void {
    const isCautious = now < this.#cautiousUntil && this.#free < this.#count / 2;
    for (const service of this.#heldBack) {
      const { free, concurrency, yields, intake } = service;
      if (free === 0 || this.#waiting.some((waiter) => waiter.service === service)) continue;
      if (isCautious && !yields) continue;
      service.yields = false;
      intake.setPrefetch(isCautious ? Math.min(free, this.#free) : concurrency);
      if (!isCautious) this.#heldBack.delete(service);
    }
  }
}
