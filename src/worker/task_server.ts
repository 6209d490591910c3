import { Deadlines } from "../time/deadlines.ts";
import { ClosedError } from "../errors.ts";
import { logger } from "../log.ts";
import { Numbered } from "../messages/numbered.ts";
import type { TaskRecord } from "../tasks/rpc_task.ts";
import type { TaskTable } from "../tasks/task_table.ts";
import type { ConsumerLink, Delivery, Intake } from "../transport/transport.ts";
import { Places, Service } from "./places.ts";
import type { RequestContext } from "./request_context.ts";
import { isWatched } from "./request_log.ts";
import type { Outcome } from "./run_task.ts";
import type { TaskKind } from "./task_kind.ts";

const log = logger("worker");

/** A task that is served. The handler is looked up for each request, so that an override holds at once. */
interface Serving {
  readonly route: string;
  readonly tasks: TaskTable<TaskRecord>;
  readonly kind: TaskKind;
  readonly service: Service;
}

/** Takes messages from a link, runs up to `concurrency` handlers at a time, and has their outcomes settled. */
export class TaskServer {
  readonly #concurrency: number;
  readonly #places: Places;
  readonly #deadlines = new Deadlines();
  readonly #intakes = new Set<Intake>();
  readonly #running = new Numbered<RequestContext>();
  #stopping = false;
  #onIdle: (() => void) | undefined;

  /** @param concurrency how many handlers run at a time */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    this.#places = new Places(concurrency);
  }

  /** How many handlers run now. */
  get running(): number {
    return this.#running.size;
  }

  /** Serves a task of a table. */
  serve<Task extends TaskRecord>(
    link: ConsumerLink,
    kind: TaskKind<Task>,
    tasks: TaskTable<Task>,
    task: Task,
  ): Intake {
    const { route, options } = task;
    const concurrency = Math.min(options.concurrency ?? this.#concurrency, this.#concurrency);
    const intake = link.consume(kind.sourceOf(task), concurrency);
    this.#intakes.add(intake);
    void this.#takeFrom({ route, tasks, kind, service: new Service(intake, concurrency) });
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
    for (const request of this.#running) {
      if (request.stop) request.stop();
      else request.delivery.release();
      request.abort(new ClosedError("The worker is stopping"));
    }
  }

  async #takeFrom(serving: Serving): Promise<void> {
    const { service } = serving;
    const { intake } = service;
    for await (const first of intake) {
      for (let next: Delivery | undefined = first; next; next = intake.take()) {
        if (this.#places.take(service) || (await this.#places.wait(service, next)))
          this.#handle(next, serving);
        else next.release();
      }
      service.onEmpty();
    }
  }

  #handle(delivery: Delivery, serving: Serving): void {
    const { route, tasks, kind, service } = serving;
    // It comes again, here or elsewhere; or nobody waits for the reply any more.
    const isUseless = kind.endsWithSender && delivery.isExpired;
    if (this.#stopping || delivery.isStale || isUseless) {
      if (this.#stopping) delivery.release();
      else delivery.ack();
      return this.#places.giveBack(service);
    }
    const task = tasks.get(route);
    const request = kind.createRequest(delivery, route, task, this.#deadlines);
    request.number = this.#running.add(request);
    if (isWatched()) request.startedAt = performance.now();
    const outcome = kind.run(task, request);
    if (outcome instanceof Promise)
      void outcome.then((late) => this.#finish(request, serving, late));
    else this.#finish(request, serving, outcome);
  }

  #finish(request: RequestContext, serving: Serving, outcome: Outcome): void {
    const settled = serving.kind.settle(outcome, request);
    const { stillRunning } = request;
    if (settled) void settled.then(() => stillRunning).then(() => this.#leave(request, serving));
    else if (stillRunning) void stillRunning.then(() => this.#leave(request, serving));
    else this.#leave(request, serving);
  }

  #leave(request: RequestContext, { service }: Serving): void {
    request.end();
    this.#running.take(request.number);
    this.#places.giveBack(service);
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
