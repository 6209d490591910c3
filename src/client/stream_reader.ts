import { ProtocolError } from "../errors.ts";
import type { ItemSource } from "./item_stream.ts";
import type { CallOwner, ReplySink } from "./reply_sink.ts";

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

type End = { readonly returned: unknown } | { readonly error: unknown };

/** What came of a stream and was not taken yet, and whoever waits for more. */
export class StreamReader implements ReplySink, ItemSource {
  readonly owner: CallOwner;
  /** Settles with what the generator returned, or with the reason why that never comes. */
  readonly result: Promise<unknown>;
  readonly #route: string;
  readonly #frames: Frame[] = [];
  readonly #waiters: Waiter[] = [];
  #watcher: ReaderWatcher | undefined;
  #end: End | undefined;
  #isErrorTold = false;
  #isStopped = false;
  #resolveResult: (value: unknown) => void = () => {};
  #rejectResult: (reason: unknown) => void = () => {};

  constructor(route: string, owner: CallOwner) {
    this.#route = route;
    this.owner = owner;
    this.result = new Promise((resolve, reject) => {
      this.#resolveResult = resolve;
      this.#rejectResult = reject;
    });
    // Whoever looks at it sees the rejection; nobody has to.
    this.result.catch(() => {});
  }

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
    this.#finish({ error: reason });
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

  /** The one reply to a request for a stream: a task that does not stream, or a worker that cannot. */
  item(reply: unknown): void {
    if (Array.isArray(reply)) return this.push(reply, 0);
    const rule = "its reply is not a list, and its handler yields no items";
    this.#finish({ error: new ProtocolError(`Cannot stream "${this.#route}", because ${rule}`) });
  }

  end(returned: unknown = null): void {
    this.owner.onCallSettled();
    this.#finish({ returned });
  }

  fail(error: unknown, atOnce = false): void {
    this.owner.onCallSettled();
    if (atOnce && !this.isOver) this.#frames.length = 0;
    this.#finish({ error });
  }

  /** The same at once, when nobody has asked the worker yet or it has to hear of it. */
  abort(error: unknown): void {
    if (this.isOver) return;
    this.#frames.length = 0;
    this.#finish({ error });
    this.#watcher?.onStopped();
  }

  #finish(end: End): void {
    if (this.#end) return;
    this.#end = end;
    if ("returned" in end) this.#resolveResult(end.returned);
    else this.#rejectResult(end.error);
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
