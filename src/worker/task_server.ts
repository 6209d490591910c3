import { Deadlines } from "../deadlines.ts";
import { ClosedError } from "../errors.ts";
import { logger } from "../log.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { TaskRegistry } from "../tasks/task_registry.ts";
import type { Delivery, Intake, ServerLink } from "../transport/transport.ts";
import type { Answer } from "./answer.ts";
import { answer } from "./answer.ts";
import { RequestContext } from "./request_context.ts";

const log = logger("worker");

export interface TaskServerOptions {
  readonly registry: TaskRegistry;
  /** How many handlers run at a time. */
  readonly concurrency: number;
  /** The largest request and reply. */
  readonly maxMessageBytes: number;
}

/** Takes requests from a link, runs up to `concurrency` handlers at a time, and answers. */
export class TaskServer {
  readonly #registry: TaskRegistry;
  readonly #concurrency: number;
  /** How many more handlers may start. */
  #free: number;
  readonly #maxMessageBytes: number;
  readonly #deadlines = new Deadlines();
  readonly #intakes = new Set<Intake>();
  readonly #running = new Set<RequestContext>();
  /** Intakes whose next request waits for a handler to finish. */
  readonly #waiting: (() => void)[] = [];
  #stopping = false;
  #onIdle: (() => void) | undefined;

  constructor({ registry, concurrency, maxMessageBytes }: TaskServerOptions) {
    this.#registry = registry;
    this.#concurrency = concurrency;
    this.#free = concurrency;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** How many handlers run now. */
  get running(): number {
    return this.#running.size;
  }

  /** Serves a task's route. The handler is looked up for each request, so that an override holds at once. */
  serve(link: ServerLink, { route, options }: RPCTask): Intake {
    const prefetch = Math.min(options.concurrency ?? this.#concurrency, this.#concurrency);
    const intake = link.serve(route, { queue: options.queue ?? {}, prefetch });
    this.#intakes.add(intake);
    void this.#takeFrom(intake);
    return intake;
  }

  /**
   * Stops the intake and waits for the handlers that run, but no longer than `timeout` milliseconds. Those that are left
   * then see their signal abort, and their requests go back to the queue.
   */
  async drain(timeout: number): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#intakes].map((intake) => intake.stop()));
    for (const wake of this.#waiting.splice(0)) wake();
    if (await this.#isIdleWithin(timeout)) return;
    log.warn(
      "{running} handlers did not finish within {timeout} ms; their requests go back to the queue",
      {
        running: this.running,
        timeout,
      },
    );
    for (const context of this.#running) {
      context.delivery.release();
      context.abort(new ClosedError("The worker is stopping"));
    }
  }

  async #takeFrom(intake: Intake): Promise<void> {
    for await (const first of intake) {
      for (let next: Delivery | undefined = first; next; next = intake.take()) {
        if (this.#free > 0) this.#free--;
        else await new Promise<void>((resolve) => this.#waiting.push(resolve));
        if (this.#stopping) next.release();
        else this.#handle(next);
      }
    }
  }

  #handle(delivery: Delivery): void {
    const context = new RequestContext(delivery, this.#deadlines);
    this.#running.add(context);
    const task = this.#registry.get(delivery.route);
    const answered = answer(task, delivery, context, this.#maxMessageBytes);
    if (answered instanceof Promise) void answered.then((late) => this.#finish(context, late));
    else this.#finish(context, answered);
  }

  #finish(context: RequestContext, { body, errorCode }: Answer): void {
    context.end();
    context.delivery.respond(body, errorCode);
    this.#running.delete(context);
    // Handed over, not given back: else another intake could take it before the one that waits has woken.
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
    if (this.running === 0) this.#onIdle?.();
  }

  async #isIdleWithin(timeout: number): Promise<boolean> {
    if (this.running === 0) return true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      timer = setTimeout(resolve, timeout);
    });
    clearTimeout(timer);
    return this.running === 0;
  }
}
