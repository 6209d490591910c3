import { Deadlines } from "../deadlines.ts";
import { ClosedError } from "../errors.ts";
import { logger } from "../log.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { TaskRegistry } from "../tasks/task_registry.ts";
import type { Delivery, Intake, ServerLink } from "../transport/transport.ts";
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
  readonly #maxMessageBytes: number;
  readonly #deadlines = new Deadlines();
  readonly #intakes = new Set<Intake>();
  readonly #running = new Map<RequestContext, Delivery>();
  /** Deliveries that wait for a handler to finish. */
  readonly #waiting: (() => void)[] = [];
  #stopping = false;
  #onIdle: (() => void) | undefined;

  constructor({ registry, concurrency, maxMessageBytes }: TaskServerOptions) {
    this.#registry = registry;
    this.#concurrency = concurrency;
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
    for (const [context, delivery] of this.#running) {
      delivery.release();
      context.abort(new ClosedError("The worker is stopping"));
    }
  }

  async #takeFrom(intake: Intake): Promise<void> {
    for await (const delivery of intake) {
      if (this.running >= this.#concurrency)
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (this.#stopping) delivery.release();
      else void this.#handle(delivery);
    }
  }

  async #handle(delivery: Delivery): Promise<void> {
    const context = new RequestContext(delivery, this.#deadlines);
    this.#running.set(context, delivery);
    const task = this.#registry.get(delivery.route);
    const { body, errorCode } = await answer(task, delivery, context, this.#maxMessageBytes);
    context.end();
    delivery.respond(body, errorCode);
    this.#running.delete(context);
    this.#waiting.shift()?.();
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
