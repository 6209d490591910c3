import { BgtasksError } from "../errors.ts";
import { runAsTask } from "../time/next_task.ts";
import type { FakeClock } from "./fake_timer.ts";
import { FakeTimer } from "./fake_timer.ts";
import { realTime } from "./real_time.ts";
import { ReplacedProperties } from "./replaced_properties.ts";

/** Turns of the event loop that work without timers (handlers, replies, the test's promises) gets between two timers. */
const TURNS = 10;

/** `Deadlines` rounds up to ticks of 10 ms. A fake clock that starts on a tick makes fake deadlines exact. */
const STEP = 10;

/** Time that passes when a test says so. Made by {@link fakeTime}. */
export interface FakeTime extends Disposable {
  /** How many milliseconds have passed. */
  readonly elapsed: number;
  /**
   * Lets time pass. Timers fire when they are due, one after the other, and what each of them sets off has its turn before
   * the next. Resolves when that is done; rejects with what a timer's callback throws.
   */
  advance(milliseconds: number): Promise<void>;
}

/**
 * Stops time until disposed: timeouts, deadlines, delays of faults, and the timers of handlers then wait for
 * {@link FakeTime.advance}, however long they are. It replaces `setTimeout`, `setInterval`, what clears them, `Date`,
 * `performance.now` and `AbortSignal.timeout`; not the modules `node:timers` and `node:timers/promises`. Timers that are left
 * when it is disposed never fire. For tests over the loopback.
 *
 * @throws BgtasksError with `code` `"invalid_fake_time"` when time is fake already
 * @example
 * ```ts
 * import { configure, fakeTime, RPCClient, rpcTasks } from "bgtasks";
 *
 * configure({ environment: "test" });
 * rpcTasks("reports.make", () => new Promise((resolve) => setTimeout(resolve, 3_600_000, "report")));
 *
 * const client = new RPCClient();
 * const time = fakeTime();
 * const call = client.call("reports.make", null, { timeout: 86_400_000 });
 * await time.advance(3_600_000); // an hour, in no time
 * console.log(await call); // report
 * time[Symbol.dispose]();
 * await client.close();
 * rpcTasks.delete("reports.make");
 * ```
 */
export function fakeTime(): FakeTime {
  return new TestClock();
}

class TestClock implements FakeTime, FakeClock {
  static #current: TestClock | undefined;
  /** In the order in which they were set, so that those of the same moment fire in it. */
  readonly #timers = new Set<FakeTimer>();
  readonly #globals = new ReplacedProperties();
  readonly #startedAt: number;
  readonly #startedOn: number;
  #elapsed = 0;

  constructor() {
    if (TestClock.#current) {
      const rule = "it is fake already: dispose the other fakeTime() first";
      throw new BgtasksError("invalid_fake_time", `Cannot fake time as ${rule}`);
    }
    TestClock.#current = this;
    this.#startedAt = Math.ceil(performance.now() / STEP) * STEP;
    this.#startedOn = Date.now();
    this.#replaceGlobals();
  }

  get elapsed(): number {
    return this.#elapsed;
  }

  async advance(milliseconds: number): Promise<void> {
    if (!(milliseconds >= 0 && milliseconds < Infinity)) {
      const rule = `it must be a number of milliseconds from 0 on: ${String(milliseconds)}`;
      throw new BgtasksError("invalid_fake_time", `Cannot let time pass as ${rule}`);
    }
    const end = this.#elapsed + milliseconds;
    // What the test has begun sets its timers first.
    await settle();
    let timer: FakeTimer | undefined;
    while ((timer = this.#nextBefore(end))) {
      this.#elapsed = timer.at;
      if (timer.repeats) timer.refresh();
      else this.clear(timer);
      timer.callback();
      await settle();
    }
    this.#elapsed = end;
    await settle();
  }

  set(timer: FakeTimer): void {
    this.#timers.add(timer);
  }

  clear(timer: FakeTimer): void {
    this.#timers.delete(timer);
  }

  [Symbol.dispose](): void {
    if (TestClock.#current !== this) return;
    TestClock.#current = undefined;
    this.#globals.restore();
    this.#timers.clear();
  }

  #replaceGlobals(): void {
    const globals = this.#globals;
    const setter =
      (repeats: boolean) =>
      (callback: (...args: unknown[]) => void, delay?: unknown, ...args: unknown[]) => {
        // As Node: never at once, so that a timer that sets itself anew does not go on for ever.
        const wait = Math.max(1, Number(delay) || 0);
        const timer = new FakeTimer(this, () => callback(...args), wait, repeats);
        this.set(timer);
        return timer;
      };
    const clear = (timer: unknown): void => {
      if (timer instanceof FakeTimer) timer.close();
      // Set while time was real; one function clears both kinds, on every runtime.
      else realTime.clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
    };
    globals.replace(globalThis, "setTimeout", setter(false));
    globals.replace(globalThis, "setInterval", setter(true));
    globals.replace(globalThis, "clearTimeout", clear);
    globals.replace(globalThis, "clearInterval", clear);
    globals.replace(globalThis, "Date", this.#fakeDate());
    globals.replace(performance, "now", () => this.#startedAt + this.#elapsed);
    globals.replace(AbortSignal, "timeout", (milliseconds: number) => {
      const controller = new AbortController();
      const reason = new DOMException("The operation timed out", "TimeoutError");
      setTimeout(() => controller.abort(reason), milliseconds);
      return controller.signal;
    });
  }

  #fakeDate(): DateConstructor {
    const now = (): number => this.#startedOn + this.#elapsed;
    return new Proxy(Date, {
      construct: (target, args: unknown[], newTarget) =>
        Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
      apply: (target) => String(new target(now())),
      get: (target, key, receiver) =>
        key === "now" ? now : (Reflect.get(target, key, receiver) as unknown),
    });
  }

  #nextBefore(end: number): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) if (!next || timer.at < next.at) next = timer;
    return next && next.at <= end ? next : undefined;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++)
    // In real time: a turn must come to its end while time stands still.
    await new Promise<void>(runAsTask);
}
