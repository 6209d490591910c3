import type { Unconfirmed } from "./unconfirmed.ts";

/** How many messages share a block. */
const SIZE = 128;

/** Messages with numbers that follow one another. */
interface Block {
  readonly entries: (Unconfirmed | undefined)[];
  /** How many of them are not confirmed. */
  left: number;
}

/**
 * What is out on one channel, by the number that the broker confirms it with, which it counts from 1. In blocks, and not
 * each in a map: what V8 leaves of a map when it grows anew would keep messages alive that were confirmed meanwhile.
 */
export class SentMessages implements Iterable<Unconfirmed> {
  /** By the numbers of their messages, divided. */
  readonly #blocks = new Map<number, Block>();
  #lastNumber = 0;

  add(entry: Unconfirmed): void {
    const number = ++this.#lastNumber;
    const key = Math.floor(number / SIZE);
    let block = this.#blocks.get(key);
    if (!block) this.#blocks.set(key, (block = { entries: [], left: 0 }));
    block.entries[number % SIZE] = entry;
    block.left++;
  }

  /** Takes the message of a number, and with `multiple` all that were sent before, as far as they are still here. */
  take(number: number, multiple: boolean): readonly Unconfirmed[] {
    const taken: Unconfirmed[] = [];
    const last = Math.floor(number / SIZE);
    if (!multiple) {
      this.#takeFrom(last, number % SIZE, number % SIZE, taken);
      return taken;
    }
    for (const key of this.#blocks.keys()) {
      if (key > last) break;
      this.#takeFrom(key, 0, key === last ? number % SIZE : SIZE - 1, taken);
    }
    return taken;
  }

  /** In the order in which they were sent. */
  *[Symbol.iterator](): Iterator<Unconfirmed> {
    for (const { entries } of this.#blocks.values())
      for (const entry of entries) if (entry) yield entry;
  }

  #takeFrom(key: number, first: number, last: number, taken: Unconfirmed[]): void {
    const block = this.#blocks.get(key);
    if (!block) return;
    for (let at = first; at <= last; at++) {
      const entry = block.entries[at];
      if (!entry) continue;
      taken.push(entry);
      block.entries[at] = undefined;
      block.left--;
    }
    // Others are still to come into one that is not full.
    if (block.left === 0 && block.entries.length === SIZE) this.#blocks.delete(key);
  }
}
