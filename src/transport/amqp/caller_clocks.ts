/** How many callers to remember. */
const MEMORY = 1_000;

/** Clocks are told in whole seconds, so that one request may seem to have waited longer than another by this, in ms. */
const ROUNDING = 999;

/**
 * How callers' clocks differ from ours. A request tells when it was sent, by its caller's clock, so that the time it
 * seems to have waited holds the difference. The smallest that a caller was seen with is taken for the difference: then a
 * deadline may be late, but never early.
 */
export class CallerClocks {
  readonly #smallest = new Map<string, number>();

  /**
   * How long a request waited, by what is known of its caller's clock, in milliseconds.
   *
   * @param caller the caller's reply queue
   * @param seeming how long it seems to have waited
   */
  waited(caller: string, seeming: number): number {
    const smallest = this.#smallest.get(caller);
    if (smallest !== undefined && smallest <= seeming)
      return Math.max(0, seeming - smallest - ROUNDING);
    if (this.#smallest.size >= MEMORY) this.#smallest.clear();
    this.#smallest.set(caller, seeming);
    return 0;
  }
}
