/** Where fake timers wait. */
export interface FakeClock {
  /** Milliseconds since it began. */
  readonly elapsed: number;
  set(timer: FakeTimer): void;
  clear(timer: FakeTimer): void;
}

/** What `setTimeout` gives back while time is fake: an object on every runtime, which knows what Node's timers know. */
export class FakeTimer implements Disposable {
  readonly callback: () => void;
  readonly delay: number;
  readonly repeats: boolean;
  readonly #clock: FakeClock;
  at: number;

  constructor(clock: FakeClock, callback: () => void, delay: number, repeats: boolean) {
    this.callback = callback;
    this.delay = delay;
    this.repeats = repeats;
    this.#clock = clock;
    this.at = clock.elapsed + delay;
  }

  // None of ours keeps a process alive.
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }

  refresh(): this {
    this.#clock.clear(this);
    this.at = this.#clock.elapsed + this.delay;
    this.#clock.set(this);
    return this;
  }

  close(): this {
    this.#clock.clear(this);
    return this;
  }

  [Symbol.dispose](): void {
    this.#clock.clear(this);
  }
}
