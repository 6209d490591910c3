import type { Expiring } from "../deadlines.ts";
import type { PendingCall } from "./pending_call.ts";

/** Bounds of the pause, in milliseconds. */
const PAUSE = { initial: 50, max: 1_000 } as const;

/**
 * Sends a call again after its queue was gone, as from a broker that came back without its data: the caller may be back
 * before a worker is. Only for calls that say `retry` and outlived a loss of the link; to others a missing queue is final.
 */
export class Resend implements Expiring {
  tick = 0;
  readonly #call: PendingCall;
  readonly #send: (call: PendingCall) => void;
  #returns = 0;

  constructor(call: PendingCall, send: (call: PendingCall) => void) {
    this.#call = call;
    this.#send = send;
  }

  /** The next pause. With full jitter, as the calls of many clients may wait for the same worker. */
  nextPause(): number {
    return Math.random() * Math.min(PAUSE.max, PAUSE.initial * 2 ** this.#returns++);
  }

  /** Whether the call waits for its queue to come back. */
  get pending(): boolean {
    return this.tick !== 0;
  }

  onDeadline(): void {
    // It may have gone out meanwhile, as the link was lost and back.
    if (!this.#call.sent) this.#send(this.#call);
  }
}
