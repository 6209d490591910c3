import type { LinkStatus } from "./transport/transport.ts";

/** A status and everybody who wants to hear of its changes. */
export class StatusFeed {
  #current: LinkStatus = { state: "idle" };
  readonly #listeners = new Set<(status: LinkStatus) => void>();

  get current(): LinkStatus {
    return this.#current;
  }

  set(status: LinkStatus): void {
    this.#current = status;
    for (const listener of this.#listeners) listener(status);
  }

  /** Calls `listener` after every change, until disposed. */
  subscribe(listener: (status: LinkStatus) => void): Disposable {
    // A function of its own, so that one listener given twice is heard twice.
    const own = (status: LinkStatus): void => listener(status);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  /** The changes from now on, none left out; ends after `closed`, or when `signal` aborts. */
  async *changes(signal?: AbortSignal): AsyncGenerator<LinkStatus, void, undefined> {
    const missed: LinkStatus[] = [];
    let wake: () => void = () => {};
    const onAbort = (): void => wake();
    const subscription = this.subscribe((status) => {
      missed.push(status);
      wake();
    });
    signal?.addEventListener("abort", onAbort);
    try {
      while (!signal?.aborted) {
        const status = missed.shift();
        if (!status) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        yield status;
        if (status.state === "closed") return;
      }
    } finally {
      subscription[Symbol.dispose]();
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
