import { runAsTask } from "../time/next_task.ts";
import type { FrameBatch } from "./frame_batch.ts";

/** Where a pump sends what it has. */
export interface PumpOutlet {
  /** Whether another item may be asked for, beside those that wait here. @param waiting how long these are, in UTF-16 units */
  mayPull(waiting: number): boolean;
  /** Whether frames can go out now. */
  readonly isOpen: boolean;
  /** @throws whatever the stream ends with, when the item cannot be sent */
  write(item: unknown): string;
  /** Sends a frame: a list of items. @param id its number */
  send(frame: string, id: string): void;
  /** Has something that may have changed looked at again soon, if nobody else tells of it. @returns a way to end that */
  lookAgain?(look: () => void): () => void;
}

/**
 * Takes items from where they come from, as far as their reader's credit allows, and makes frames of them. Items are asked for
 * only while more may be sent, so that a reader who stands still holds up the source and not the memory.
 */
export class ItemPump {
  readonly #source: AsyncIterable<unknown>;
  readonly #outlet: PumpOutlet;
  readonly #batch: FrameBatch;
  #items: AsyncIterator<unknown> | undefined;
  #frames = 0;
  #isOver = false;
  #isScheduled = false;
  #wake: (() => void) | undefined;

  constructor(source: AsyncIterable<unknown>, outlet: PumpOutlet, batch: FrameBatch) {
    this.#source = source;
    this.#outlet = outlet;
    this.#batch = batch;
  }

  /** How many frames went out. */
  get frames(): number {
    return this.#frames;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Sends the items until the source has no more, or until {@link stop}.
   *
   * @returns what the source returned, when frames can go out; undefined when it was stopped
   * @throws whatever the source or the outlet throws
   */
  async run(): Promise<{ readonly returned: unknown } | undefined> {
    const items = (this.#items = this.#source[Symbol.asyncIterator]());
    const outlet = this.#outlet;
    while (!this.#isOver) {
      if (!outlet.mayPull(this.#batch.length)) {
        this.flush();
        await this.#pause();
        continue;
      }
      const { done, value } = await items.next();
      if (!outlet.isOpen) await this.#waitUntilOpen();
      if (this.#isOver) return undefined;
      if (done) return { returned: value };
      this.#add(value);
      if (!this.#batch.isFull) continue;
      this.flush();
      // A source that never waits would else keep everybody else waiting.
      await new Promise<void>(runAsTask);
    }
    return undefined;
  }

  /** Sends what is ready. */
  flush(): void {
    if (this.#batch.length === 0 || !this.#outlet.isOpen) return;
    this.#outlet.send(this.#batch.take(), String(this.#frames++));
  }

  /** Looks whether more may be sent. */
  wake(): void {
    this.#wake?.();
  }

  /** Takes and sends no more. */
  stop(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /**
   * Lets the source clean up; one that is waiting for something does so after that.
   *
   * @throws whatever the source throws
   */
  async returnItems(): Promise<void> {
    // One that nobody has begun with is made to be told of its end: it may hold something already.
    this.#items ??= this.#source[Symbol.asyncIterator]();
    await this.#items.return?.();
  }

  /** Waits for credit, for the broker, or for the end. */
  async #pause(): Promise<void> {
    // What was just sent may have found that nobody is there any more.
    if (this.#isOver) return;
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const endLooking = this.#outlet.lookAgain?.(() => this.#wake?.());
    await woken;
    this.#wake = undefined;
    endLooking?.();
  }

  async #waitUntilOpen(): Promise<void> {
    while (!this.#outlet.isOpen && !this.#isOver) await this.#pause();
  }

  #add(value: unknown): void {
    const item = this.#outlet.write(value);
    if (this.#batch.isTooLongWith(item)) this.flush();
    this.#batch.add(item);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    runAsTask(this.#onTask);
  }

  /** What was ready at one time goes out together. */
  readonly #onTask = (): void => {
    this.#isScheduled = false;
    if (!this.#isOver) this.flush();
  };
}
