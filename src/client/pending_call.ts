import type { Expiring } from "../deadlines.ts";
import type { MessageHeaders } from "../transport/transport.ts";
import type { Resend } from "./resend.ts";

/** What a call is made with. */
export interface CallRequest {
  readonly route: string;
  /** JSON. */
  readonly body: string;
  /** In milliseconds. */
  readonly timeout: number;
  readonly headers: MessageHeaders | undefined;
  readonly signal: AbortSignal | undefined;
  readonly retry: boolean;
}

/** Who made a call. */
export interface CallOwner {
  /** Told when a call is over, just before its promise settles. */
  onCallSettled(): void;
}

/** Who is told when a call comes to its end without a reply. */
export interface CallWatcher {
  /** Called shortly before the deadline, and at it. */
  onCallDeadline(call: PendingCall): void;
}

/** Settles the promise of a call. */
export type Settle = (outcome: unknown) => void;

/** One call that nobody has answered yet. */
export class PendingCall implements Expiring {
  tick = 0;
  /** Whether it is out: when the link drops then, nobody knows whether its handler ran. */
  sent = false;
  /** How often the link dropped while it was out. */
  losses = 0;
  /** How many bytes its body took when it went out. */
  sentBytes = 0;
  /** Set shortly before its deadline, when who serves its route is asked. */
  isNearEnd = false;
  /** The answer to that. */
  consumers: Promise<number | undefined> | undefined;
  /** Set once the link dropped since a call that says `retry` was made. */
  resend: Resend | undefined;
  readonly correlationId: string;
  readonly route: string;
  readonly timeout: number;
  readonly headers: MessageHeaders | undefined;
  readonly retry: boolean;
  readonly signal: AbortSignal | undefined;
  /** By `performance.now()`. */
  readonly expiresAt: number;
  readonly owner: CallOwner;
  readonly #watcher: CallWatcher;
  #body: string;
  #resolve: Settle | undefined;
  #reject: Settle | undefined;

  constructor(
    correlationId: string,
    request: CallRequest,
    resolve: Settle,
    reject: Settle,
    owner: CallOwner,
    watcher: CallWatcher,
  ) {
    this.correlationId = correlationId;
    this.route = request.route;
    this.timeout = request.timeout;
    this.headers = request.headers;
    this.retry = request.retry;
    this.signal = request.signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.owner = owner;
    this.#body = request.body;
    this.expiresAt = performance.now() + request.timeout;
    this.#watcher = watcher;
  }

  /** Empty once a call is out that never goes out again. */
  get body(): string {
    return this.#body;
  }

  markSent(): void {
    this.sent = true;
    if (!this.retry) this.#body = "";
  }

  resolve(reply: unknown): void {
    this.#settle(this.#resolve, reply);
  }

  reject(reason: unknown): void {
    this.#settle(this.#reject, reason);
  }

  onDeadline(): void {
    this.#watcher.onCallDeadline(this);
  }

  // V8 makes calls that many others were made before among its old objects, where they stay long after their end: what
  // they refer to would stay as well, and a reply may be large.
  #settle(settle: Settle | undefined, outcome: unknown): void {
    this.#resolve = undefined;
    this.#reject = undefined;
    this.owner.onCallSettled();
    settle?.(outcome);
  }
}
