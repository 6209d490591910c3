import { logger } from "../../log.ts";
import { runAsTask } from "../../time/next_task.ts";
import { runOutside } from "./async_context.ts";

const log = logger("loopback");

/** So many rounds of microtasks may follow one another before timers and I/O get their turn. */
const ROUNDS_PER_TURN = 128;

/**
 * Runs callbacks later, in order, as a network would: never within the call that asked for it. Rounds run as microtasks,
 * and now and then as a task of their own, so that a long chain of calls does not keep timers from firing.
 */
export class Hops {
  #queue: (() => void)[] = [];
  #rounds = 0;
  #scheduled = false;

  /** Whether nothing is on its way. */
  get isIdle(): boolean {
    return !this.#scheduled;
  }

  add(callback: () => void): void {
    this.#queue.push(callback);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (++this.#rounds % ROUNDS_PER_TURN === 0) runAsTask(this.#run);
    else queueMicrotask(this.#run);
  }

  readonly #run = (): void => runOutside(this.#runAll);

  readonly #runAll = (): void => {
    const queue = this.#queue;
    this.#queue = [];
    this.#scheduled = false;
    for (const callback of queue) {
      try {
        callback();
      } catch (error) {
        // What passes here belongs to different calls, and one must not take the others along.
        log.error("a message was lost in the loopback: {error}", { error });
      }
    }
  };
}
