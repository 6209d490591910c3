/** How many bytes of items a sender is ahead of a reader who says nothing of it, at first. */
export const DEFAULT_WINDOW: number = 256 * 1_024;

/** And at most, once that reader has shown to keep up. */
const GROWN_WINDOW = 1_024 * 1_024;

/** The largest window, in bytes: no credit lets a worker be further ahead. */
export const MAX_WINDOW: number = 16 * 1_024 * 1_024;

/**
 * How far the sender of items may be ahead of their reader. Only the reader's side has one: it tells the sender a credit, which is how
 * many bytes may have been sent in all.
 *
 * A reader that has taken all that came may be waiting for a sender who waits for credit. Its window grows, unless it has chosen one.
 * The window of a reader that lags does not grow, because it would only hold more items.
 */
export class Window {
  readonly #most: number;
  #size: number;
  #received = 0;
  #taken = 0;
  #allowed: number;
  /** How many bytes had been taken when it grew last. */
  #grownAt = 0;

  /**
   * @param chosen how many bytes the reader has chosen; undefined for a window that grows
   * @param maxBytes what it never exceeds
   */
  constructor(chosen: number | undefined, maxBytes: number) {
    this.#most = Math.min(chosen ?? GROWN_WINDOW, maxBytes);
    this.#size = Math.min(chosen ?? DEFAULT_WINDOW, maxBytes);
    this.#allowed = this.#size;
  }

  /** How many bytes may have been sent in all: this only grows. */
  get allowed(): number {
    return this.#allowed;
  }

  /** How many bytes have come. */
  get received(): number {
    return this.#received;
  }

  /** A frame has come. */
  receive(bytes: number): void {
    this.#received += bytes;
  }

  /** All items of a frame have been taken. @returns whether there is a new credit to tell the sender */
  take(bytes: number): boolean {
    const taken = (this.#taken += bytes);
    const isDry = taken === this.#received;
    if (isDry && this.#size < this.#most && taken - this.#grownAt >= this.#size / 2) {
      this.#size = Math.min(2 * this.#size, this.#most);
      this.#grownAt = taken;
    }
    // Not for every frame: a word to the sender costs as much as a frame does.
    if (taken + this.#size - this.#allowed < this.#size / 2) return false;
    this.#allowed = taken + this.#size;
    return true;
  }
}
