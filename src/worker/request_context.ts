import type { Deadlines, Expiring } from "../time/deadlines.ts";
import type { TaskContext } from "../tasks/rpc_task.ts";
import type { Delivery } from "../transport/transport.ts";

/**
 * What a handler is told of one request. Most handlers look at none of it, so everything that costs something is made
 * when it is asked for.
 */
export class RequestContext implements TaskContext, Expiring {
  tick = 0;
  readonly delivery: Delivery;
  readonly route: string;
  /** When it was begun, by `performance.now()`; set where a record of each request is read. */
  startedAt: number | undefined;
  /** Set when the caller was answered before the handler ended; settles with the handler. Never rejects. */
  stillRunning: Promise<void> | undefined;
  /** Whether the handler was told that its caller stopped waiting. */
  isExpired = false;
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
    return this.delivery.message.headers;
  }

  get redelivered(): boolean {
    return this.delivery.message.redelivered;
  }

  get deadline(): number | undefined {
    const { expiresAt } = this;
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

  /** Stops the clock, as the handler is done. */
  end(): void {
    this.#deadlines.delete(this);
  }

  onDeadline(): void {
    this.isExpired = true;
    this.abort(new DOMException("The caller no longer waits for the reply", "TimeoutError"));
  }

  /** When nobody waits any more, by `performance.now()`. */
  protected get expiresAt(): number | undefined {
    return this.delivery.expiresAt;
  }

  #watchDeadline(): void {
    const { expiresAt } = this;
    // Not at once, even if it has passed: a handler that listens would not hear of it.
    if (expiresAt !== undefined) this.#deadlines.add(this, expiresAt);
  }
}
