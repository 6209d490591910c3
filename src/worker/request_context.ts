import { withoutOwn } from "../messages/headers.ts";
import type { Deadlines, Expiring } from "../time/deadlines.ts";
import type { TaskContext } from "../tasks/rpc_task.ts";
import type { Delivery } from "../transport/transport.ts";

/**
 * What a handler is told of one request. Most handlers look at none of it, so everything that costs something is made
 * when it is asked for.
 */
export class RequestContext implements TaskContext, Expiring {
  tick = 0;
  /** Its place among those that run; 0 for one that has not begun. Only `TaskServer` writes this. */
  number = 0;
  readonly delivery: Delivery;
  readonly route: string;
  /** When it was begun, by `performance.now()`; set where a record of each request is read. */
  startedAt: number | undefined;
  /** Set when the caller was answered before the handler ended; settles with the handler. Never rejects. */
  stillRunning: Promise<void> | undefined;
  /** Whether the handler was told that its caller stopped waiting. */
  isExpired = false;
  /** How long its handler may take, where its task says so, in milliseconds: for what goes on after it has returned. */
  timeout: number | undefined;
  /** When its caller stops waiting, by `performance.now()`, where that is not when its message expires. */
  waitsUntil: number | undefined;
  /** Ends it at a forced stop; set where it must not go back to its queue. */
  stop: (() => void) | undefined;
  /** What the caller sends along; not even a field where it sends nothing. */
  declare incoming?: AsyncIterableIterator<unknown>;
  readonly #deadlines: Deadlines;
  #controller: AbortController | undefined;
  #abortReason: unknown;

  constructor(delivery: Delivery, route: string, deadlines: Deadlines) {
    this.delivery = delivery;
    this.route = route;
    this.#deadlines = deadlines;
  }

  /** Whether somebody in this process waits for the reply, who then learns what a handler threw. */
  get hasLocalCaller(): boolean {
    return this.delivery.isLocal;
  }

  get correlationId(): string {
    return this.delivery.message.correlationId ?? "";
  }

  get headers(): Readonly<Record<string, unknown>> {
    return withoutOwn(this.delivery.message.headers);
  }

  get redelivered(): boolean {
    return this.delivery.message.redelivered;
  }

  get deadline(): number | undefined {
    const expiresAt = this.#expiresAt;
    if (expiresAt === undefined) return undefined;
    return Date.now() + Math.max(0, expiresAt - performance.now());
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
      else this.#watchDeadline();
    }
    return this.#controller.signal;
  }

  /** What is public, for handlers that log it. */
  toJSON(): Omit<TaskContext, "signal"> {
    const { route, correlationId, headers, redelivered, deadline } = this;
    return { route, correlationId, headers, redelivered, deadline };
  }

  /** Aborts the signal, if a handler has ever asked for it or will. */
  abort(reason: unknown): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#deadlines.delete(this);
    this.#controller?.abort(reason);
  }

  /** The caller does not wait any more: aborts the signal, and whatever comes of the request is not sent. */
  abandon(reason: unknown): void {
    this.isExpired = true;
    this.abort(reason);
  }

  /** Whether an error is only what an aborted signal makes of a handler. */
  isOfAbort(error: unknown): boolean {
    if (this.#abortReason === undefined) return false;
    return error === this.#abortReason || (error instanceof Error && error.name === "AbortError");
  }

  /** Stops the clock, as the handler is done. */
  end(): void {
    this.#deadlines.delete(this);
  }

  onDeadline(): void {
    this.abandon(new DOMException("The caller no longer waits for the reply", "TimeoutError"));
  }

  get #expiresAt(): number | undefined {
    if (this.waitsUntil === undefined) return this.delivery.expiresAt;
    return this.waitsUntil === Infinity ? undefined : this.waitsUntil;
  }

  #watchDeadline(): void {
    const expiresAt = this.#expiresAt;
    // Not at once, even if it has passed: a handler that listens would not hear of it.
    if (expiresAt !== undefined) this.#deadlines.add(this, expiresAt);
  }
}
