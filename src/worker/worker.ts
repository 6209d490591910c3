import { BgtasksError, ClosedError } from "../errors.ts";
import { logger } from "../log.ts";
import { count, describeProblems, millisecondsFrom0, optionsOf } from "../options/option_rules.ts";
import { anything, must } from "../options/rules.ts";
import type { ResolvedSettings, Settings } from "../settings/settings.ts";
import { resolveSettings } from "../settings/settings.ts";
import { JobRegistry, jobsOf, jobTasks } from "../jobs/job_registry.ts";
import type { JobTask } from "../jobs/job_task.ts";
import { createJobs } from "../job_composition.ts";
import { rpcTasks, TaskRegistry, tasksOf } from "../tasks/task_registry.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import { StatusFeed } from "../transport/status_feed.ts";
import { openTransport } from "../composition.ts";
import type { ConsumerLink, LinkStatus } from "../transport/transport.ts";
import { Calls } from "./calls.ts";
import { Offer } from "./offer.ts";
import { TaskServer } from "./task_server.ts";

const log = logger("worker");

/** How long the last replies may take to reach the broker, however little is left of the drain, in milliseconds. */
const MIN_PATIENCE = 2_000;

type Offers = readonly (Offer<RPCTask> | Offer<JobTask>)[];

/** Options of a worker. */
export interface WorkerOptions {
  /** The tasks to serve. @default {rpcTasks, or none where only `jobs` are given} */
  readonly registry?: TaskRegistry | undefined;
  /** The jobs to do. @default {jobTasks, or none where only a `registry` is given} */
  readonly jobs?: JobRegistry | undefined;
  /** What differs from the settings of the process. */
  readonly settings?: Settings | undefined;
  /** How many handlers run at a time, over all routes. @default {100} */
  readonly concurrency?: number | undefined;
  /** How long {@link Worker.stop} waits for running handlers, in milliseconds. @default {30_000} */
  readonly drainTimeout?: number | undefined;
}

/**
 * Serves the tasks of a registry.
 *
 * A request is acknowledged after its reply is out, so one whose worker dies is handled again by another: handlers run
 * at least once.
 *
 * @example
 * ```ts
 * import { TaskRegistry, Worker } from "bgtasks";
 *
 * const registry = new TaskRegistry();
 * registry("math.double", (n: number) => n * 2);
 *
 * const worker = new Worker({ registry, concurrency: 10, settings: { environment: "test" } });
 * await worker.start();
 * await worker.stop();
 * ```
 */
export class Worker implements AsyncDisposable {
  /**
   * Resolves when the worker has stopped. Rejects with `ConnectionRefusedError` when the broker does not let it in any more,
   * e.g. as its password was changed: it then serves nothing, and should be stopped.
   */
  readonly finished: Promise<void>;
  readonly #offers: Offers;
  readonly #settings: ResolvedSettings;
  readonly #drainTimeout: number;
  readonly #server: TaskServer;
  #link: ConsumerLink | undefined;
  readonly #status = new StatusFeed("worker");
  #onFinished: () => void = () => {};
  #onFailed: (error: BgtasksError) => void = () => {};
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * Connects to nothing yet.
   *
   * @throws SettingsError when settings are wrong
   * @throws BgtasksError with `code` `"invalid_worker"` when other options are
   */
  constructor(options: WorkerOptions = {}) {
    checkOptions(options);
    const { settings, concurrency = 100, drainTimeout = 30_000 } = options;
    this.#settings = resolveSettings(settings);
    this.#drainTimeout = drainTimeout;
    this.#offers = offersOf(options, this.#settings);
    this.#server = new TaskServer(concurrency);
    this.finished = new Promise((resolve, reject) => {
      this.#onFinished = resolve;
      this.#onFailed = reject;
    });
    // Whoever waits for it sees the rejection; nobody has to.
    this.finished.catch(() => {});
  }

  /** Where the connection stands. */
  get status(): LinkStatus {
    return this.#status.current;
  }

  /** Calls `listener` after every change of {@link Worker.status}, until disposed: for health checks. */
  onStatus(listener: (status: LinkStatus) => void): Disposable {
    return this.#status.subscribe(listener);
  }

  /** The changes of {@link Worker.status} from now on, until stopped or aborted. */
  statusChanges({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterable<LinkStatus> {
    return this.#status.changes(signal);
  }

  /** How many handlers run now. */
  get running(): number {
    return this.#server.running;
  }

  /**
   * Connects, and resolves when every route is served. While the broker is away it goes on trying.
   *
   * @throws ConnectionRefusedError when the broker does not let us in
   * @throws BgtasksError with `code` `"no_tasks"` when the registry is empty
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Drains: takes no more requests, waits for the handlers that run, lets every reply out, and disconnects. Requests that
   * no handler has begun go back to their queues.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The same as {@link Worker.stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    if (this.#stopping) throw new ClosedError("Cannot start a worker that was stopped");
    const size = this.#offers.reduce((sum, offer) => sum + offer.size, 0);
    if (size === 0) {
      throw new BgtasksError("no_tasks", "Cannot start a worker without tasks: none is registered");
    }
    for (const offer of this.#offers) offer.refuseUnfinished();
    const transport = await openTransport(this.#settings);
    if (this.#stopping) throw new ClosedError("The worker was stopped before it served anything");
    const link = transport.openConsumer({ onStatus: (status) => this.#setStatus(status) });
    this.#link = link;
    try {
      const intakes = this.#offers.flatMap((offer) => offer.serve(this.#server, link, transport));
      await Promise.all(intakes.map(({ ready }) => ready));
      log.info(size === 1 ? "serving 1 task" : "serving {count} tasks", { count: size });
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    const endsAt = performance.now() + this.#drainTimeout;
    await this.#server.drain(this.#drainTimeout);
    await Promise.all(this.#offers.map((offer) => offer.close()));
    const patience = Math.max(MIN_PATIENCE, endsAt - performance.now());
    if (this.#link) await this.#link.close({ patience, extension: this.#drainTimeout });
    else this.#setStatus({ state: "closed" });
  }

  #setStatus(status: LinkStatus): void {
    this.#status.set(status);
    if (status.state === "refused") this.#onFailed(status.error);
    if (status.state === "closed") this.#onFinished();
  }
}

function offersOf({ registry, jobs }: WorkerOptions, settings: ResolvedSettings): Offers {
  const servesDefaults = registry === undefined && jobs === undefined;
  const tasks = servesDefaults ? rpcTasks : registry;
  const jobRegistry = servesDefaults ? jobTasks : jobs;
  return [
    ...(tasks
      ? [
          new Offer(
            "rpcTasks",
            tasksOf(tasks),
            (_, link) => new Calls(settings.maxMessageBytes, (inbox) => link.openInbox(inbox)),
          ),
        ]
      : []),
    ...(jobRegistry
      ? [new Offer("jobTasks", jobsOf(jobRegistry), (transport) => createJobs(settings, transport))]
      : []),
  ];
}

function checkOptions(options: unknown): void {
  const rules = optionsOf({
    registry: must(
      (value) => value instanceof TaskRegistry,
      "must be a TaskRegistry of this copy of bgtasks",
    ),
    jobs: must(
      (value) => value instanceof JobRegistry,
      "must be a JobRegistry of this copy of bgtasks",
    ),
    settings: anything,
    concurrency: count(),
    drainTimeout: millisecondsFrom0(),
  });
  const problems = describeProblems(rules, options);
  if (problems === undefined) return;
  throw new BgtasksError("invalid_worker", `Cannot create a worker: ${problems}`);
}
