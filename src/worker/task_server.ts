import { Deadlines } from "../deadlines.ts";
import { ClosedError } from "../errors.ts";
import { logger } from "../log.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { TaskRegistry } from "../tasks/task_registry.ts";
import type { Delivery, Intake, ServerLink } from "../transport/transport.ts";
import type { Answer } from "./answer.ts";
import { answer, replaceAnswer } from "./answer.ts";
import { Places, Service } from "./places.ts";
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
  readonly #places: Places;
  readonly #maxMessageBytes: number;
  readonly #deadlines = new Deadlines();
  readonly #intakes = new Set<Intake>();
  readonly #running = new Set<RequestContext>();
  #stopping = false;
  #onIdle: (() => void) | undefined;

  constructor({ registry, concurrency, maxMessageBytes }: TaskServerOptions) {
    this.#registry = registry;
    this.#concurrency = concurrency;
    this.#places = new Places(concurrency);
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** How many handlers run now. */
  get running(): number {
    return this.#running.size;
  }

  /** Serves a task's route. The handler is looked up for each request, so that an override holds at once. */
  serve(link: ServerLink, { route, options }: RPCTask): Intake {
    const concurrency = Math.min(options.concurrency ?? this.#concurrency, this.#concurrency);
    const intake = link.serve(route, { queue: options.queue ?? {}, prefetch: concurrency });
    this.#intakes.add(intake);
    void this.#takeFrom(new Service(intake, concurrency));
    return intake;
  }

  /**
   * Stops the intake and waits for the handlers that run, but no longer than `timeout` milliseconds. Those that are left
   * then see their signal abort, and their requests go back to the queue.
   */
  async drain(timeout: number): Promise<void> {
    this.#stopping = true;
    this.#places.close();
    await Promise.all([...this.#intakes].map((intake) => intake.stop()));
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

  async #takeFrom(service: Service): Promise<void> {
    const { intake } = service;
    for await (const first of intake) {
      for (let next: Delivery | undefined = first; next; next = intake.take()) {
        if (this.#places.take(service) || (await this.#places.wait(service, next)))
          this.#handle(next, service);
        else next.release();
      }
      service.onEmpty();
    }
  }

  #handle(delivery: Delivery, service: Service): void {
    // It comes again, here or elsewhere; or nobody waits for the reply any more.
    if (this.#stopping || delivery.isStale || delivery.isExpired) {
      if (this.#stopping) delivery.release();
      else delivery.ack();
      return this.#places.giveBack(service);
    }
    const context = new RequestContext(delivery, service, this.#deadlines);
    this.#running.add(context);
    const task = this.#registry.get(delivery.route);
    const answered = answer(task, delivery, context, this.#maxMessageBytes);
    if (answered instanceof Promise) void answered.then((late) => this.#finish(context, late));
    else this.#finish(context, answered);
  }

  #finish(context: RequestContext, answer: Answer): void {
    context.end();
    // Told too late, it could still come before the caller's own clock has gone off, and say something else than that.
    if (context.isExpired) context.delivery.ack();
    else respond(context.delivery, answer);
    const { stillRunning } = context;
    if (stillRunning) void stillRunning.then(() => this.#leave(context));
    else this.#leave(context);
  }

  #leave(context: RequestContext): void {
    this.#running.delete(context);
    this.#places.giveBack(context.service);
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

/** Sends an answer; one that cannot be sent is told to the caller, too, and never stops the worker. */
function respond(delivery: Delivery, { body, errorCode }: Answer): void {
  try {
    delivery.respond(body, errorCode);
  } catch (error) {
    const instead = replaceAnswer(error, delivery);
    try {
      delivery.respond(instead.body, instead.errorCode);
    } catch {
      delivery.ack();
    }
  }
}
