import { Deadlines } from "../deadlines.ts";
import { ClosedError } from "../errors.ts";
import { logger } from "../log.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { TaskTable } from "../tasks/task_table.ts";
import type { ConsumerLink, Delivery, Intake } from "../transport/transport.ts";
import { Calls } from "./calls.ts";
import { Places, Service } from "./places.ts";
import { RequestContext } from "./request_context.ts";
import { isWatched } from "./request_log.ts";
import type { Outcome } from "./run_task.ts";
import { runTask } from "./run_task.ts";

const log = logger("worker");

export interface TaskServerOptions {
  readonly tasks: TaskTable<RPCTask>;
  /** How many handlers run at a time. */
  readonly concurrency: number;
  /** The largest request and reply. */
  readonly maxMessageBytes: number;
}

/** Takes messages from a link, runs up to `concurrency` handlers at a time, and has their outcomes settled. */
export class TaskServer {
  readonly #tasks: TaskTable<RPCTask>;
  readonly #concurrency: number;
  readonly #places: Places;
  readonly #calls: Calls;
  readonly #deadlines = new Deadlines();
  readonly #intakes = new Set<Intake>();
  readonly #running = new Set<RequestContext>();
  #stopping = false;
  #onIdle: (() => void) | undefined;

  constructor({ tasks, concurrency, maxMessageBytes }: TaskServerOptions) {
    this.#tasks = tasks;
    this.#concurrency = concurrency;
    this.#places = new Places(concurrency);
    this.#calls = new Calls(maxMessageBytes);
  }

  /** How many handlers run now. */
  get running(): number {
    return this.#running.size;
  }

  /** Serves a task. The handler is looked up for each request, so that an override holds at once. */
  serve(link: ConsumerLink, task: RPCTask): Intake {
    const kind = this.#calls;
    const { route, options } = task;
    const concurrency = Math.min(options.concurrency ?? this.#concurrency, this.#concurrency);
    const intake = link.consume(kind.sourceOf(task), concurrency);
    this.#intakes.add(intake);
    void this.#takeFrom(new Service(route, kind, intake, concurrency));
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
    const request = new RequestContext(delivery, service, this.#deadlines);
    this.#running.add(request);
    if (isWatched()) request.startedAt = performance.now();
    const task = this.#tasks.get(service.route);
    const outcome = runTask(task, request, service.kind.maxBytes);
    if (outcome instanceof Promise) void outcome.then((late) => this.#finish(request, late));
    else this.#finish(request, outcome);
  }

  #finish(request: RequestContext, outcome: Outcome): void {
    request.end();
    const settled = request.service.kind.settle(outcome, request);
    const { stillRunning } = request;
    if (settled) void settled.then(() => stillRunning).then(() => this.#leave(request));
    else if (stillRunning) void stillRunning.then(() => this.#leave(request));
    else this.#leave(request);
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
