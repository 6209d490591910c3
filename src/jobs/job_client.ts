import type { DefaultHeaders } from "../client/default_headers.ts";
import { isDefaultHeaders, withDefaultHeaders } from "../client/default_headers.ts";
import { contextFor } from "../context/ambient.ts";
import {
  BgtasksError,
  ClosedError,
  JobUnconfirmedError,
  NoRouteError,
  QueueFullError,
} from "../errors.ts";
import { JSON_TYPE } from "../messages/content_type.ts";
import { writeJSON } from "../messages/json.ts";
import type { SendableOf } from "../messages/json_value_of.ts";
import { describeProblems, optionsOf } from "../options/option_rules.ts";
import { anything, must } from "../options/rules.ts";
import type { ResolvedSettings, Settings } from "../settings/settings.ts";
import { resolveSettings } from "../settings/settings.ts";
import { openInspector } from "../job_composition.ts";
import { refuseTooLarge } from "../transport/limits.ts";
import type { Lease } from "../transport/link_pool.ts";
import { StatusFeed } from "../transport/status_feed.ts";
import type { QueueInspector } from "../transport/queue_inspector.ts";
import type { LinkStatus, OutgoingMessage, Published, Target } from "../transport/transport.ts";
import type { DeadLetters } from "./dead_letters.ts";
import { DeadLetterQueue } from "./dead_letters.ts";
import type { JobPublisher } from "./job_publisher.ts";
import { publishers } from "./job_publisher.ts";
import { checkJobRoute, readJobQueue } from "./job_queues.ts";
import type { JobTask } from "./job_task.ts";
import { JobWays } from "./job_ways.ts";
import type { JobSendManyOptions } from "./send_many.ts";
import { sendMany } from "./send_many.ts";
import type { JobSendOptions, ResolvedSendOptions } from "./send_options.ts";
import { nestSendOptions, takeSendOptions } from "./send_options.ts";

/** Jobs by route, as `TasksOf` makes them. */
export type JobMap = Readonly<Record<string, JobTask>>;

/** A job that is stored. */
export interface SentJob {
  /** The job's name: what its handler has as `ctx.id`. */
  readonly id: string;
}

/** Options of a client. */
export interface JobClientOptions {
  /** What differs from the settings of the process. */
  readonly settings?: Settings;
  /** Sent along with every job; a job's own headers come over them. */
  readonly headers?: DefaultHeaders | undefined;
}

/** The routes of jobs among tasks by route. */
export type JobRoute<Tasks> = {
  [Route in keyof Tasks]: Extract<Tasks[Route], JobTask> extends never ? never : Route;
}[keyof Tasks] &
  string;

/** The job that is named: one of a client's, by its route, or the job itself. */
export type JobAt<Tasks, Target> = Target extends keyof Tasks
  ? Extract<Tasks[Target], JobTask>
  : Target;

/** What a job takes from its sender. */
export type JobInputOf<Job> = Job extends JobTask<string, infer Input> ? Input : never;

/** The arguments of a send after the route: the input may be left out where the job takes `undefined`. */
export type SendArguments<Job> =
  undefined extends JobInputOf<Job>
    ? [input?: SendableOf<JobInputOf<Job>>, options?: JobSendOptions]
    : [input: SendableOf<JobInputOf<Job>>, options?: JobSendOptions];

/**
 * Sends jobs to the services that do them. Without a type argument any route may be sent to; with the tasks' types, routes
 * and inputs are checked.
 *
 * The connection is opened by the first job and shared by all clients with equal settings.
 *
 * @example
 * ```ts
 * import { configure, JobClient, jobTasks } from "bgtasks";
 *
 * configure({ environment: "test" }); // no broker for this example
 * const resize = jobTasks("images.resize", ({ id }: { id: number }) => console.log(`resizing ${id}`));
 *
 * await using jobs = new JobClient();
 * const { id } = await jobs.send(resize, { id: 7 }, { delay: 60_000 });
 * console.log(`in a minute: ${id}`);
 * jobTasks.delete("images.resize");
 * ```
 */
export class JobClient<Tasks = JobMap> implements AsyncDisposable {
  readonly #settings: ResolvedSettings;
  readonly #headers: DefaultHeaders | undefined;
  readonly #status = new StatusFeed();
  readonly #ways = new JobWays();
  /** How many sends are not settled. */
  #pending = 0;
  #onIdle: (() => void) | undefined;
  #lease: Lease<JobPublisher> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Connects to nothing yet.
   *
   * @throws SettingsError when settings are wrong
   * @throws BgtasksError with `code` `"invalid_options"` when other options are
   */
  constructor(options: JobClientOptions = {}) {
    checkClientOptions(options);
    this.#settings = resolveSettings(options.settings);
    this.#headers = options.headers;
  }

  /** Where the connection stands. */
  get status(): LinkStatus {
    return this.#status.current;
  }

  /** Calls `listener` after every change of {@link JobClient.status}, until disposed. */
  onStatus(listener: (status: LinkStatus) => void): Disposable {
    return this.#status.subscribe(listener);
  }

  /** The changes of {@link JobClient.status} from now on, until closed or aborted. */
  statusChanges({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterable<LinkStatus> {
    return this.#status.changes(signal);
  }

  /**
   * Sends a job. Resolves when the broker has it on disk, in a cluster on a majority of disks: from then on it is done, or
   * it is among the dead letters of its route with the reason. When the link drops before, it is sent again, with the
   * same id, until the `timeout`.
   *
   * Rejects with `NoRouteError` when no worker has ever offered the job, `QueueFullError` when its queue takes no more,
   * `JobUnconfirmedError` when the broker did not confirm it in time, so that nobody knows, `ConnectionRefusedError` when
   * the broker does not let us in, `NotJSONError` when the input cannot be sent, `RPCTimeoutError` when the request that it is sent
   * `within` has no time left, and `ClosedError` after {@link JobClient.close}.
   *
   * @param routeOrJob the job's route, or the job itself where this program can import it
   */
  send<const Target extends JobRoute<Tasks> | JobTask>(
    routeOrJob: Target,
    ...args: SendArguments<JobAt<Tasks, Target>>
  ): Promise<SentJob>;
  async send(
    routeOrJob: string | JobTask,
    input?: unknown,
    options?: JobSendOptions,
  ): Promise<SentJob> {
    const route = routeOf(routeOrJob);
    this.#checkOpen(route);
    const headers = withDefaultHeaders(this.#headers, route, options?.headers);
    const given = headers === undefined ? options : { ...options, headers };
    const resolved = takeSendOptions(route, given, this.#settings, Date.now());
    const body = writeJSON(input);
    refuseTooLarge(`send a job to "${route}"`, body, this.#settings);
    // Once more: a toJSON() may have closed the client.
    this.#checkOpen(route);
    const within = contextFor(options?.within);
    const nested = within ? nestSendOptions(within, route, resolved, this.#settings) : resolved;
    await this.#publish(route, body, nested);
    return { id: nested.id };
  }

  /**
   * Sends many jobs of one route, a bounded number of them at a time, and resolves when the broker has them all.
   *
   * @returns the jobs in the order of their inputs
   * @throws BgtasksError with `code` `"not_all_sent"` when one of them was not stored: no more are sent then, and the error
   *   says which were
   */
  sendMany<const Target extends JobRoute<Tasks> | JobTask>(
    routeOrJob: Target,
    inputs:
      | Iterable<SendableOf<JobInputOf<JobAt<Tasks, Target>>>>
      | AsyncIterable<SendableOf<JobInputOf<JobAt<Tasks, Target>>>>,
    options?: JobSendManyOptions<JobInputOf<JobAt<Tasks, Target>>>,
  ): Promise<readonly SentJob[]> {
    const send = (input: unknown, own: JobSendOptions): Promise<SentJob> =>
      this.send<JobTask>(routeOrJob as JobTask, input as never, own);
    return sendMany(routeOf(routeOrJob), inputs, options, send);
  }

  /**
   * The dead letters of a route: to list, count, retry and discard them. Without a route those jobs of all routes that were
   * delayed, and whose queue was gone when they were due.
   *
   * @param routeOrJob the job's route, or the job itself where this program can import it
   * @example
   * ```ts
   * import { configure, idle, JobClient, jobTasks } from "bgtasks";
   *
   * configure({ environment: "test" }); // no broker for this example
   * const charge = jobTasks("cards.charge", (_: { card: string }, ctx) => ctx.giveUp("the card was refused"));
   *
   * await using jobs = new JobClient();
   * await jobs.send(charge, { card: "4242" }, { id: "order-7" });
   *
   * const dead = jobs.deadLetters(charge);
   * await idle();
   * for await (const letter of dead) console.log(letter.id, letter.reason, letter.error?.message);
   * console.log(await dead.discard({ ids: ["order-7"] })); // { discarded: 1 }
   * jobTasks.delete("cards.charge");
   * ```
   */
  deadLetters(routeOrJob?: JobRoute<Tasks> | JobTask): DeadLetters {
    const route = routeOrJob === undefined ? undefined : routeOf(routeOrJob);
    const { frameMax, rpcTimeout } = this.#settings;
    return new DeadLetterQueue(
      {
        frameMax,
        inspect: (work) => this.#inspect(work),
        publish: (message, queue) =>
          this.#deliver(message, { key: queue }, readJobQueue(queue) ?? queue, rpcTimeout),
      },
      route,
    );
  }

  /** Takes no more jobs, waits for those that are not settled, and lets go of the connection. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as {@link JobClient.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #publish(route: string, body: string, options: ResolvedSendOptions): Promise<void> {
    const { id, timeout, exchange } = options;
    const { target, state } = this.#ways.wayOf(route, options);
    const headers = state ? { ...options.headers, ...state } : options.headers;
    const message: OutgoingMessage = {
      id,
      type: undefined,
      contentType: JSON_TYPE,
      body,
      headers,
    };
    return this.#deliver(message, target, route, timeout, exchange);
  }

  /** Publishes a message. @throws BgtasksError when the broker does not have it then */
  async #deliver(
    message: OutgoingMessage,
    target: Target,
    route: string,
    timeout: number,
    exchange?: string,
  ): Promise<void> {
    this.#lease ??= publishers.lease(this.#settings, this.#status);
    const { link } = this.#lease;
    const giveUpAt = performance.now() + timeout;
    this.#pending++;
    try {
      const published = await link.publish(message, target, giveUpAt);
      if (published === "stored") return;
      throw explain(published, route, { id: message.id, timeout, exchange }, link.problem);
    } finally {
      this.#end();
    }
  }

  async #inspect<T>(work: (inspector: QueueInspector) => Promise<T>): Promise<T> {
    if (this.#closing) throw new ClosedError("Cannot look at dead letters with a closed client");
    this.#pending++;
    try {
      return await work(await openInspector(this.#settings));
    } finally {
      this.#end();
    }
  }

  #end(): void {
    if (--this.#pending === 0) this.#onIdle?.();
  }

  #checkOpen(route: string): void {
    if (this.#closing) throw new ClosedError(`Cannot send a job to "${route}" on a closed client`);
  }

  async #close(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#lease?.release();
    this.#status.set({ state: "closed" });
  }
}

/** Why a message is not stored, as far as is known. */
function explain(
  published: Exclude<Published, "stored">,
  route: string,
  { id, timeout, exchange }: Pick<ResolvedSendOptions, "id" | "timeout" | "exchange">,
  problem: string | undefined,
): BgtasksError {
  switch (published) {
    case "unroutable":
      return new NoRouteError(route, whyUnroutable(exchange), "send a job to");
    case "refused":
      return new QueueFullError(route, id);
    case "unknown":
    case "unsent": {
      const wasSent = published === "unknown";
      const why = problem ?? (wasSent ? "no confirm came" : "there was no connection in time");
      return new JobUnconfirmedError(route, id, timeout, why, wasSent);
    }
  }
}

function whyUnroutable(exchange: string | undefined): string {
  return exchange === undefined
    ? "the broker has no queue for it: was a worker with this job ever started?"
    : `no queue is bound to the exchange "${exchange}" for it`;
}

/** @throws BgtasksError with `code` `"invalid_route"` */
function routeOf(routeOrJob: string | JobTask): string {
  const route: unknown = typeof routeOrJob === "string" ? routeOrJob : routeOrJob?.route;
  checkJobRoute(route);
  return route;
}

function checkClientOptions(options: unknown): void {
  const rules = optionsOf({
    settings: anything,
    headers: must(isDefaultHeaders, "must be an object or a function of the route"),
  });
  const problems = describeProblems(rules, options);
  if (problems === undefined) return;
  const hint = "the broker is named by its settings: new JobClient({ settings: { url } })";
  throw new BgtasksError("invalid_options", `Cannot create a client: ${problems} (${hint})`);
}
