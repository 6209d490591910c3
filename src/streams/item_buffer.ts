/** Who is told what the reader of a stream does. */
export interface ReaderWatcher {
  /** All items of a frame have been taken. @param bytes how long the frame was */
  onConsumed(bytes: number): void;
  /** The reader wants no more. */
  onStopped(): void;
}

/** Items that came together. */
interface Frame {
  readonly items: readonly unknown[];
  readonly bytes: number;
  next: number;
}

/** Somebody who waits for an item. */
interface Waiter {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (reason: unknown) => void;
}

/** How a stream ended. */
export type StreamEnd = { readonly returned: unknown } | { readonly error: unknown };

/** What came of a stream and was not taken yet, and whoever waits for more. */
export class ItemBuffer {
  readonly #frames: Frame[] = [];
  readonly #waiters: Waiter[] = [];
  #watcher: ReaderWatcher | undefined;
  #end: StreamEnd | undefined;
  #isErrorTold = false;
  #isStopped = false;

  /** Whether nothing that comes is wanted any more. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  watch(watcher: ReaderWatcher): void {
    this.#watcher = watcher;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const frame = this.#frames[0];
    if (frame) return Promise.resolve({ done: false, value: this.#takeFrom(frame) });
    const end = this.#end;
    if (!end) return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
    if ("returned" in end) return Promise.resolve({ done: true, value: undefined });
    // Told once, as a generator throws once.
    if (this.#isErrorTold) return Promise.resolve({ done: true, value: undefined });
    this.#isErrorTold = true;
    return Promise.reject(end.error);
  }

  /** Ends the stream at its reader's wish. What was not taken is dropped. */
  stop(reason: unknown = stopped()): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#isErrorTold = true;
    this.#frames.length = 0;
    const wasOver = this.isOver;
    this.finish({ error: reason });
    for (const { resolve } of this.#waiters.splice(0)) resolve({ done: true, value: undefined });
    if (!wasOver) this.#watcher?.onStopped();
  }

  /** Takes items that came, and how many bytes they took. */
  push(items: readonly unknown[], bytes: number): void {
    if (this.#isStopped) return;
    if (items.length === 0) return this.#watcher?.onConsumed(bytes);
    const frame = { items, bytes, next: 0 };
    this.#frames.push(frame);
    while (this.#waiters.length > 0 && this.#frames[0] === frame)
      this.#waiters.shift()?.resolve({ done: false, value: this.#takeFrom(frame) });
  }

  /** Fails at once, and tells whoever sends the items. */
  abort(error: unknown): void {
    if (this.isOver) return;
    this.drop();
    this.finish({ error });
    this.#watcher?.onStopped();
  }

  /** Drops what was not taken. */
  drop(): void {
    this.#frames.length = 0;
  }

  /** No more items come. */
  finish(end: StreamEnd): void {
    if (this.#end) return;
    this.#end = end;
    if (this.#isStopped) return;
    const [first, ...others] = this.#waiters.splice(0);
    if (!first) return;
    this.next().then(first.resolve, first.reject);
    for (const { resolve } of others) resolve({ done: true, value: undefined });
  }

  #takeFrom(frame: Frame): unknown {
    const item = frame.items[frame.next++];
    if (frame.next === frame.items.length) {
      this.#frames.shift();
      this.#watcher?.onConsumed(frame.bytes);
    }
    return item;
  }
}

export function stopped(): DOMException {
  return new DOMException("The reader of the stream stopped", "AbortError");
}
