import { logger } from "../log.ts";

const log = logger("client");

/** Something that ends by itself at a moment. */
export interface Expiring {
  /** Where {@link Deadlines} keeps it; 0 while it is not kept. Only `Deadlines` writes this. */
  tick: number;
  onDeadline(): void;
}

/** The longest time that timers take: what is above it, they take for 1 ms. */
const LONGEST = 2 ** 31 - 1;

/** Deadlines this close together, in milliseconds, share a slot and so a look at the clock. */
const TICK = 10;

/**
 * The deadlines of many calls under one timer. Adding and removing one costs a lookup in a map and one in a set, however
 * many there are, where a timer object for each costs several times that on Deno and Bun. A deadline is never early,
 * and at most one tick and the timer's own delay late.
 *
 * While it holds any deadline it keeps the process alive, unless told otherwise, and else it never does.
 */
export class Deadlines {
  readonly #slots = new Map<number, Set<Expiring>>();
  readonly #keepsProcessAlive: boolean;
  #size = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The tick that the timer waits for. */
  #next = Infinity;
  /** What set the timer and what clears it: tests put other clocks in their place, and take them away again. */
  #clock: Pick<typeof globalThis, "setTimeout" | "clearTimeout"> = { setTimeout, clearTimeout };

  constructor({ keepsProcessAlive = true }: { readonly keepsProcessAlive?: boolean } = {}) {
    this.#keepsProcessAlive = keepsProcessAlive;
  }

  /** Calls `entry.onDeadline()` at a moment by `performance.now()`, unless it is deleted before. */
  add(entry: Expiring, at: number): void {
    const tick = Math.ceil(at / TICK);
    entry.tick = tick;
    const slot = this.#slots.get(tick);
    if (slot) slot.add(entry);
    else this.#slots.set(tick, new Set([entry]));
    if (this.#size++ === 0 && this.#timer !== undefined)
      setRef(this.#timer, this.#keepsProcessAlive);
    if (setTimeout !== this.#clock.setTimeout) this.#changeClock();
    else if (tick < this.#next) this.#arm(tick);
  }

  /** Forgets an entry; without effect on one that is not here. */
  delete(entry: Expiring): void {
    const slot = this.#slots.get(entry.tick);
    if (!slot?.delete(entry)) return;
    if (slot.size === 0) this.#slots.delete(entry.tick);
    entry.tick = 0;
    // The timer goes on: with calls one after the other, arming it for each would cost more than one idle wake-up.
    if (--this.#size === 0 && this.#timer !== undefined) setRef(this.#timer, false);
  }

  #changeClock(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#clock = { setTimeout, clearTimeout };
    this.#arm(this.#earliest());
  }

  #earliest(): number {
    let earliest = Infinity;
    for (const tick of this.#slots.keys()) if (tick < earliest) earliest = tick;
    return earliest;
  }

  #arm(tick: number): void {
    clearTimeout(this.#timer);
    this.#next = tick;
    // A deadline further off than that is looked at in between.
    const delay = Math.min(LONGEST, Math.max(0, Math.ceil(tick * TICK - performance.now())));
    this.#timer = setTimeout(() => this.#expire(), delay);
    if (this.#size === 0 || !this.#keepsProcessAlive) setRef(this.#timer, false);
  }

  #expire(): void {
    this.#timer = undefined;
    this.#next = Infinity;
    // Timers may fire a little early.
    const now = Math.floor((performance.now() + 1) / TICK);
    let next = Infinity;
    const due: number[] = [];
    for (const tick of this.#slots.keys()) {
      if (tick <= now) due.push(tick);
      else if (tick < next) next = tick;
    }
    // In order of time, however late the timer was.
    for (const tick of due.sort((a, b) => a - b)) {
      for (const entry of this.#slots.get(tick) ?? []) {
        this.delete(entry);
        try {
          entry.onDeadline();
        } catch (error) {
          // The others are due as well, and the timer has to be set again.
          log.error("what was due failed: {error}", { error });
        }
      }
    }
    if (next < this.#next) this.#arm(next);
  }
}

/** Whether a timer alone keeps the process running. Its type differs between runtimes; browsers have no such notion. */
function setRef(timer: unknown, keepsAlive: boolean): void {
  if (typeof timer === "object") {
    const handle = timer as { ref?(): void; unref?(): void };
    if (keepsAlive) handle.ref?.();
    else handle.unref?.();
    return;
  }
  const { Deno } = globalThis as {
    Deno?: { refTimer(id: unknown): void; unrefTimer(id: unknown): void };
  };
  if (keepsAlive) Deno?.refTimer(timer);
  else Deno?.unrefTimer(timer);
}
