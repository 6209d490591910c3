import type { Deadlines, Expiring } from "../time/deadlines.ts";

/** A call that outlived this many losses may be what breaks the link, e.g. because the broker accepts nothing that large. */
const MAX_LOSSES = 10;

/** Bounds of the pause before a call whose queue is missing is sent again, in milliseconds. */
const PAUSE = { initial: 50, max: 1_000 } as const;

/**
 * What `retry: true` does, all of it: a call goes out again when the link dropped while it was out, and, once it has
 * outlived a loss, also when its queue is missing, as on a broker that came back without its data: the caller may be back
 * before a worker is. Other calls end at a loss, and a missing queue is final to them.
 */
export class Retry implements Expiring {
  tick = 0;
  readonly #deadlines: Deadlines;
  readonly #sendAgain: () => void;
  #losses = 0;
  #hasOutlivedLoss = false;
  #returns = 0;

  constructor(deadlines: Deadlines, sendAgain: () => void) {
    this.#deadlines = deadlines;
    this.#sendAgain = sendAgain;
  }

  /** The link dropped while the call was out. @returns whether the call goes out again */
  outlivesLoss(): boolean {
    return ++this.#losses < MAX_LOSSES;
  }

  /** The link is back after a loss. */
  onLinkBack(): void {
    this.#hasOutlivedLoss = true;
  }

  /** The call's queue is missing. @returns whether the call goes out again, after a pause */
  outlivesMissingQueue(): boolean {
    if (!this.#hasOutlivedLoss) return false;
    // With full jitter, because the calls of many clients may wait for the same worker.
    const pause = Math.random() * Math.min(PAUSE.max, PAUSE.initial * 2 ** this.#returns++);
    this.#deadlines.delete(this);
    this.#deadlines.add(this, performance.now() + pause);
    return true;
  }

  /** Whether the call waits for its queue to come back. */
  get waitsForQueue(): boolean {
    return this.tick !== 0;
  }

  /** The pause is over. */
  onDeadline(): void {
    this.#sendAgain();
  }

  /** The call is over. */
  end(): void {
    this.#deadlines.delete(this);
  }
}
