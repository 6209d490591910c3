import type { Expiring } from "../../time/deadlines.ts";
import type { OutgoingMessage, Published, Target } from "../transport.ts";

/** Who waits for what becomes of a message. */
interface Waiter {
  readonly resolve: (published: Published) => void;
  readonly reject: (error: unknown) => void;
}

/** One message that the broker has not confirmed. */
export class Unconfirmed implements Expiring {
  tick = 0;
  /** Whether it was ever out: nobody then knows that the broker does not have it. */
  isSent = false;
  /** Whether the broker has found no queue for it. */
  isReturned = false;
  isSettled = false;
  /** How many bytes its body took when it went out. */
  sentBytes = 0;
  readonly message: OutgoingMessage;
  readonly target: Target;
  readonly #waiter: Waiter;
  readonly #onDeadline: () => void;

  constructor(message: OutgoingMessage, target: Target, waiter: Waiter, onDeadline: () => void) {
    this.message = message;
    this.target = target;
    this.#waiter = waiter;
    this.#onDeadline = onDeadline;
  }

  onDeadline(): void {
    this.#onDeadline();
  }

  settle(published: Published): void {
    this.isSettled = true;
    this.#waiter.resolve(published);
  }

  fail(error: unknown): void {
    this.isSettled = true;
    this.#waiter.reject(error);
  }
}
