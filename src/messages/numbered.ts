/** How many of them share a block. */
const SIZE = 128;

/** Those with numbers that follow one another. */
interface Block<Item> {
  readonly items: (Item | undefined)[];
  /** How many of them have not left. */
  left: number;
}

/**
 * What is on its way, by numbers that count from 1, in the order in which it came. In blocks, and not each in a map or a set:
 * what V8 leaves of one of these each time it makes room would keep alive what has left meanwhile, and so would cost more than
 * all else that is done for a small message.
 */
export class Numbered<Item extends object> implements Iterable<Item> {
  /** By the numbers of their items, divided. */
  readonly #blocks = new Map<number, Block<Item>>();
  #last = 0;
  #size = 0;

  /** How many have not left. */
  get size(): number {
    return this.#size;
  }

  /** The number of the one that is added next. */
  get next(): number {
    return this.#last + 1;
  }

  /** @returns its number */
  add(item: Item): number {
    const number = ++this.#last;
    const key = Math.floor(number / SIZE);
    let block = this.#blocks.get(key);
    if (!block) this.#blocks.set(key, (block = { items: [], left: 0 }));
    block.items[number % SIZE] = item;
    block.left++;
    this.#size++;
    return number;
  }

  get(number: number): Item | undefined {
    return this.#blocks.get(Math.floor(number / SIZE))?.items[number % SIZE];
  }

  /** Takes one out; undefined when it has left before. */
  take(number: number): Item | undefined {
    const key = Math.floor(number / SIZE);
    const block = this.#blocks.get(key);
    const item = block?.items[number % SIZE];
    if (!block || !item) return undefined;
    block.items[number % SIZE] = undefined;
    block.left--;
    this.#size--;
    // Others are still to come into one that is not full.
    if (block.left === 0 && block.items.length === SIZE) this.#blocks.delete(key);
    return item;
  }

  /** Takes out all up to a number. */
  takeUpTo(number: number): Item[] {
    const taken: Item[] = [];
    const last = Math.floor(number / SIZE);
    for (const [key, { items }] of this.#blocks) {
      if (key > last) break;
      const end = Math.min(items.length, key === last ? (number % SIZE) + 1 : SIZE);
      for (let at = 0; at < end; at++) {
        const item = this.take(key * SIZE + at);
        if (item) taken.push(item);
      }
    }
    return taken;
  }

  /** What is added meanwhile comes as well. */
  *[Symbol.iterator](): Iterator<Item> {
    for (const { items } of this.#blocks.values()) for (const item of items) if (item) yield item;
  }
}
