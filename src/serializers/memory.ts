import type { Fetched, IdKey } from "./fetch_rows.ts";

/** For how long, and how much, a memory remembers. */
export interface MemoryLimits {
  /** Of rows, in milliseconds. */
  readonly ttl: number;
  /** Of the knowledge that there is no row, in milliseconds. */
  readonly absentTtl: number;
  /** How many ids. */
  readonly max: number;
}

const MIN_SWEPT = 1_000;

/** Remembers which rows ids have, and which ids have none. */
export class Memory {
  /** By the keys of their ids. */
  readonly rows: Map<IdKey, Fetched> = new Map();
  readonly #absent = new Set<IdKey>();
  readonly #limits: MemoryLimits | undefined;
  /** When to forget each id, by the clock of `performance`; the one that was asked for least recently is the first. */
  readonly #expires = new Map<IdKey, number>();
  /** How many ids there may be before those whose time is over are dropped, though nobody asks for them. */
  #sweepAt = MIN_SWEPT;

  /** @param limits without them everything is remembered */
  constructor(limits: MemoryLimits | undefined) {
    this.#limits = limits;
  }

  /** Whether it is known what an id has, be it nothing. */
  knows(key: IdKey): boolean {
    const known = this.rows.has(key) || this.#absent.has(key);
    if (!known || !this.#limits) return known;
    const expires = this.#expires.get(key) ?? 0;
    this.#expires.delete(key);
    if (expires <= performance.now()) {
      this.#forget(key);
      return false;
    }
    this.#expires.set(key, expires);
    return true;
  }

  /** Whether nothing is remembered. */
  isEmpty(): boolean {
    this.#sweep();
    return this.rows.size + this.#absent.size === 0;
  }

  /**
   * @param row undefined where there is none
   * @param since when that was known, by the clock of `performance`
   */
  set(key: IdKey, row: Fetched | undefined, since: number = performance.now()): void {
    if (row === undefined) this.#absent.add(key);
    else {
      this.#absent.delete(key);
      this.rows.set(key, row);
    }
    if (!this.#limits) return;
    const { ttl, absentTtl, max } = this.#limits;
    this.#expires.delete(key);
    this.#expires.set(key, since + (row === undefined ? absentTtl : ttl));
    if (this.#expires.size >= this.#sweepAt) this.#sweep();
    if (this.#expires.size <= max) return;
    const [oldest] = this.#expires.keys();
    if (oldest !== undefined) this.#forget(oldest);
  }

  /** A memory of everything but these ids. */
  without(keys: Iterable<IdKey>): Memory {
    const copy = new Memory(this.#limits);
    for (const [key, row] of this.rows) copy.rows.set(key, row);
    for (const key of this.#absent) copy.#absent.add(key);
    for (const [key, expires] of this.#expires) copy.#expires.set(key, expires);
    for (const key of keys) copy.#forget(key);
    return copy;
  }

  #sweep(): void {
    const now = performance.now();
    for (const [key, expires] of this.#expires) if (expires <= now) this.#forget(key);
    this.#sweepAt = Math.max(MIN_SWEPT, 2 * this.#expires.size);
  }

  #forget(key: IdKey): void {
    this.rows.delete(key);
    this.#absent.delete(key);
    this.#expires.delete(key);
  }
}
