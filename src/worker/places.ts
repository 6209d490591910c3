import type { Delivery, Intake } from "../transport/transport.ts";

/** How long a route's requests may wait here one after the other before others go first, in milliseconds. */
const PATIENCE = 50;

/** How long one request waits at most before it goes back to its queue once more, in milliseconds. */
const MAX_PATIENCE = 1_000;

/** One task that is served. */
export class Service {
  readonly intake: Intake;
  /** How many handlers of this route may run, and how many of its requests may be here when there is room. */
  readonly concurrency: number;
  /** How many more handlers may start. */
  free: number;
  /** Since when its requests have been waiting one after the other, by `performance.now()`. */
  waitsSince: number | undefined;
  /** How many requests come at a time while others go first; 0 when they do not. */
  share = 0;
  patience: number = PATIENCE;

  constructor(intake: Intake, concurrency: number) {
    this.intake = intake;
    this.concurrency = concurrency;
    this.free = concurrency;
  }

  /** How many handlers of this route run. */
  get running(): number {
    return this.concurrency - this.free;
  }

  /** Lets others go first, and takes so many requests at a time. */
  yield(share: number): void {
    this.share = Math.min(this.concurrency, Math.max(1, share));
    this.intake.yield(this.share);
  }

  resume(): void {
    this.share = 0;
    this.intake.resume();
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
 * run, while another worker is idle. So a route whose requests keep waiting lets others go first: it gives back what waits,
 * takes only what nobody else can, and no more at a time than it runs. It still consumes, so that its callers see that it is
 * served. Its share grows while places are free, and when half of them are, it takes requests as before.
 */
export class Places {
  readonly #count: number;
  /** How many more handlers may start. */
  #free: number;
  readonly #waiting: Waiter[] = [];
  readonly #yielding = new Set<Service>();
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
      this.#schedule();
    });
  }

  giveBack(service: Service): void {
    this.#free++;
    service.free++;
    if (this.#waiting.length === 0) return;
    // Handed over: else another route could take it before the one that waits has woken.
    const waiter = this.#waiting.find((waiter) => this.take(waiter.service));
    if (!waiter) return;
    waiter.service.patience = PATIENCE;
    this.#answer(waiter, true);
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

  #schedule(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#balance(performance.now());
    }, PATIENCE);
  }

  #balance(now: number): void {
    for (const waiter of [...this.#waiting]) {
      const { service, delivery, since } = waiter;
      if (service.share === 0) {
        if (now - (service.waitsSince ?? now) < PATIENCE) continue;
        this.#yielding.add(service);
        service.yield(service.running);
      } else {
        if (now - since < service.patience) continue;
        service.patience = Math.min(MAX_PATIENCE, 2 * service.patience);
        if (service.share > service.running) service.yield(service.running);
      }
      if (delivery.mayGoBack) this.#answer(waiter, false);
    }
    if (this.#free > 0) this.#widen();
    if (this.#waiting.length > 0 || this.#yielding.size > 0) this.#schedule();
  }

  /** Lets more in of the routes that use all they may have. */
  #widen(): void {
    const isQuiet = this.#waiting.length === 0 && this.#free >= this.#count / 2;
    const full: Service[] = [];
    for (const service of this.#yielding) {
      if (isQuiet) service.resume();
      else if (service.free > 0 && service.running >= service.share) full.push(service);
    }
    if (isQuiet) this.#yielding.clear();
    for (const service of full) service.yield(service.share + Math.ceil(this.#free / full.length));
  }
}
