import type { Expiring } from "../../time/deadlines.ts";
import type { OutgoingMessage, Published, Target } from "../transport.ts";

/** Who waits for what becomes of a message. */
interface Waiter {
  readonly resolve: (published: Published) => void;
  readonly reject: (error: unknown) => void;
}

/** Who is told when a message comes to its end without a confirm. */
export interface ConfirmWatcher {
  /** Called at its deadline. */
  giveUp(entry: Unconfirmed): void;
}

/** One message that the broker has not confirmed. */
export class Unconfirmed implements Expiring {
  tick = 0;
  /** Whether it was ever out: nobody then knows that the broker does not have it. */
  isSent = false;
  /** Whether the broker has found no queue for it. */
  isReturned = false;
  /** How many bytes its body took when it went out. */
  sentBytes = 0;
  readonly message: OutgoingMessage;
  readonly target: Target;
  readonly #watcher: ConfirmWatcher;
  #waiter: Waiter | undefined;

  constructor(message: OutgoingMessage, target: Target, watcher: ConfirmWatcher, waiter: Waiter) {
    this.message = message;
    this.target = target;
    this.#watcher = watcher;
    this.#waiter = waiter;
  }

  get isSettled(): boolean {
    return this.#waiter === undefined;
  }

  onDeadline(): void {
    this.#watcher.giveUp(this);
  }

  settle(published: Published): void {
    this.#release()?.resolve(published);
  }

  fail(error: unknown): void {
    this.#release()?.reject(error);
  }

  // Under load V8 moves entries to its old generation, where one that is over would keep its promise alive.
  #release(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    return waiter;
  }
}
