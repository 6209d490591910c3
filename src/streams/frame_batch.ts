/** Frames are at most so long, unless one item alone is longer, in UTF-16 units. */
const MAX_FRAME = 64 * 1_024;

/** And have at most so many items. */
const MAX_ITEMS = 1_000;

/** What the brackets around the items of a frame take, in bytes. */
export const BRACKETS = 2;

/** With the comma between two items. */
const BETWEEN = BRACKETS + 1;

/** Collects items, each as JSON, into frames: lists of what is ready at one time. */
export class FrameBatch {
  readonly #max: number;
  #text = "";
  #items = 0;

  /** @param maxBytes the largest frame, in bytes */
  constructor(maxBytes: number) {
    // A unit takes at most 3 bytes.
    this.#max = Math.min(MAX_FRAME, Math.floor(maxBytes / 3));
  }

  /** How long what is in it is, in UTF-16 units: no longer than its bytes. */
  get length(): number {
    return this.#text.length;
  }

  /** Whether another item would make it too long. */
  isTooLongWith(item: string): boolean {
    return this.#text !== "" && this.#text.length + item.length + BETWEEN > this.#max;
  }

  /** Whether it is as long as frames should be. */
  get isFull(): boolean {
    return this.#items >= MAX_ITEMS || this.#text.length >= this.#max;
  }

  add(item: string): void {
    this.#items++;
    this.#text = this.#text === "" ? item : `${this.#text},${item}`;
  }

  /** Takes out everything that is in it, as a list. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    this.#items = 0;
    return `[${text}]`;
  }
}
