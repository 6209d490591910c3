import { logger } from "../log.ts";
import type { LinkStatus } from "./transport.ts";

type Listener = (status: LinkStatus) => unknown;

/** A status and everybody who wants to hear of its changes. */
export class StatusFeed {
  #current: LinkStatus = { state: "idle" };
  readonly #listeners = new Set<Listener>();
  readonly #part: "client" | "worker";
  /** Changes that listeners have not heard of: one of them may bring the next change about. */
  readonly #untold: LinkStatus[] = [];
  #isTelling = false;

  /** @param part whose log has what a listener throws */
  constructor(part: "client" | "worker" = "client") {
    this.#part = part;
  }

  get current(): LinkStatus {
    return this.#current;
  }

  /** Changes it and tells the listeners. Never throws, whatever they do. */
  set(status: LinkStatus): void {
    this.#current = status;
    this.#untold.push(status);
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#untold.shift(); next; next = this.#untold.shift()) {
      // A copy: a listener may subscribe another one, which hears of what comes next.
      for (const listener of [...this.#listeners])
        if (this.#listeners.has(listener)) this.#tell(listener, next);
    }
    this.#isTelling = false;
  }

  /** Calls `listener` after every change, until disposed. */
  subscribe(listener: (status: LinkStatus) => void): Disposable {
    // A function of its own, so that one listener given twice is heard twice.
    const own = (status: LinkStatus): unknown => listener(status);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  /** The changes from now on, none left out; ends after `closed`, at once if it is closed, or when `signal` aborts. */
  changes(signal?: AbortSignal): AsyncIterableIterator<LinkStatus> {
    return new StatusChanges(this, signal);
  }

  #tell(listener: Listener, status: LinkStatus): void {
    try {
      const returned = listener(status);
      // An asynchronous listener is one that returns a promise, though nobody asked for it.
      if (returned instanceof Promise)
        returned.catch((error: unknown) => this.#onFailure(status, error));
    } catch (error) {
      this.#onFailure(status, error);
    }
  }

  #onFailure({ state }: LinkStatus, error: unknown): void {
    logger(this.#part).error("a listener of the status failed at {state}: {error}", {
      state,
      error,
    });
  }
}

/** Collects changes from the moment it is made until it ends. */
class StatusChanges implements AsyncIterableIterator<LinkStatus> {
  readonly #missed: LinkStatus[] = [];
  readonly #waiting: ((result: IteratorResult<LinkStatus>) => void)[] = [];
  readonly #signal: AbortSignal | undefined;
  #subscription: Disposable | undefined;

  constructor(feed: StatusFeed, signal: AbortSignal | undefined) {
    this.#signal = signal;
    if (signal?.aborted || feed.current.state === "closed") return;
    signal?.addEventListener("abort", this.#end);
    this.#subscription = feed.subscribe((status) => this.#take(status));
  }

  next(): Promise<IteratorResult<LinkStatus>> {
    const value = this.#missed.shift();
    if (value) return Promise.resolve({ done: false, value });
    if (!this.#subscription) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<LinkStatus>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(status: LinkStatus): void {
    const wake = this.#waiting.shift();
    if (wake) wake({ done: false, value: status });
    else this.#missed.push(status);
    if (status.state === "closed") this.#stop();
  }

  /** Ends it now, without what was not taken. */
  readonly #end = (): void => {
    this.#missed.length = 0;
    this.#stop();
  };

  #stop(): void {
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
    this.#signal?.removeEventListener("abort", this.#end);
    for (const wake of this.#waiting.splice(0)) wake({ done: true, value: undefined });
  }
}
