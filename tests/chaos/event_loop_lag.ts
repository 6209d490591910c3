/** Measures how late this process is for its own timers: on a busy machine that is no fault of what it tests. */
export class EventLoopLag implements Disposable {
  /** The longest that a turn of the event loop was late, in milliseconds. */
  max = 0;
  #last = performance.now();
  readonly #interval: ReturnType<typeof setInterval>;

  constructor() {
    this.#interval = setInterval(() => {
      const now = performance.now();
      this.max = Math.max(this.max, now - this.#last - 10);
      this.#last = now;
    }, 10);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#interval);
  }
}
