import type { Deadlines, Expiring } from "../deadlines.ts";
import type { TaskContext } from "../tasks/rpc_task.ts";
import type { Delivery } from "../transport/transport.ts";

/**
 * What a handler is told of one request. Most handlers look at none of it, so everything that costs something is made
 * when it is asked for.
 */
export class RequestContext implements TaskContext, Expiring {
  tick = 0;
  readonly delivery: Delivery;
  readonly #deadlines: Deadlines;
  #controller: AbortController | undefined;
  #abortReason: unknown;

  constructor(delivery: Delivery, deadlines: Deadlines) {
    this.delivery = delivery;
    this.#deadlines = deadlines;
  }

  get route(): string {
    return this.delivery.route;
  }

  get correlationId(): string {
    return this.delivery.correlationId;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.delivery.headers;
  }

  get redelivered(): boolean {
    return this.delivery.redelivered;
  }

  get deadline(): number | undefined {
    const { expiresAt } = this.delivery;
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
    this.abort(new DOMException("The caller no longer waits for the reply", "TimeoutError"));
  }

  #watchDeadline(): void {
    const { expiresAt } = this.delivery;
    if (expiresAt !== undefined) this.#deadlines.add(this, expiresAt);
  }
}
