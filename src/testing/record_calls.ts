import type { JobInputOf } from "../jobs/job_client.ts";
import { headersOfSender, isFirstSend } from "../jobs/job_headers.ts";
import type { JobTask } from "../jobs/job_task.ts";
import { readWay } from "../jobs/job_ways.ts";
import type { InputOf, ReplyOf } from "../client/client_types.ts";
import { BgtasksError, ClosedError } from "../errors.ts";
import { withoutOwn } from "../messages/headers.ts";
import { count, describeProblems, milliseconds, optionsOf } from "../options/option_rules.ts";
import { oneOf } from "../options/rules.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { LoopbackMessage } from "../transport/loopback/loopback_message.ts";
import type { Target } from "../transport/transport.ts";
import type { Message } from "../messages/message.ts";
import type { JSONValueOf } from "../messages/json_value_of.ts";
import { ERROR_HEADER } from "../messages/failure.ts";
import { isOwnType } from "../messages/message_type.ts";
import { END, ITEMS } from "../streams/stream_types.ts";
import { readJSON } from "../messages/json.ts";
import { checkRoute } from "../messages/route.ts";
import type { CallObserver } from "./loopback_tap.ts";
import { loopbackTap } from "./loopback_tap.ts";
import { realTime } from "./real_time.ts";

/** What came of a recorded call, so far. */
export type CallOutcome<Reply = unknown> =
  | { readonly state: "pending" }
  | { readonly state: "replied"; readonly reply: Reply }
  | { readonly state: "failed"; readonly code: string };

/** A call that a {@link CallRecorder} saw. */
export interface RecordedCall<Input = unknown, Reply = unknown> {
  /** The route that was called. */
  readonly route: string;
  /** The input as it came, out of JSON. */
  readonly input: Input;
  /** The headers that were sent along. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** What came of it; changes when the call ends. A caller that gives up leaves it `pending`. */
  readonly outcome: CallOutcome<Reply>;
}

/** A job that a {@link CallRecorder} saw when it was sent. Its retries are not there. */
export interface RecordedJob<Input = unknown> {
  /** The route that it was sent to. */
  readonly route: string;
  /** The job's name. */
  readonly id: string;
  /** The input as it came, out of JSON. */
  readonly input: Input;
  /** The headers that were sent along. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** How long it waits before it may run, in milliseconds: a multiple of 64. */
  readonly delay: number;
}

/** Options of {@link CallRecorder.waitFor}. */
export interface WaitForOptions {
  /** Which of the route's calls to wait for, counted from 1. @default {1} */
  readonly count?: number | undefined;
  /** Whether to wait for the call, or for what comes of it too. @default {"called"} */
  readonly until?: "called" | "settled" | undefined;
  /** How long to wait, in milliseconds. @default {5_000} */
  readonly timeout?: number | undefined;
}

/** Sees the calls of this process in test mode, until disposed. Made by {@link recordCalls}. */
export interface CallRecorder extends Disposable {
  /** The calls of a task's route so far, the first one first. A call that is sent again is there twice. */
  calls<Task extends RPCTask>(
    task: Task,
  ): readonly RecordedCall<JSONValueOf<InputOf<Task>>, ReplyOf<Task>>[];
  /** The same by the route's name; without one, the calls of all routes. */
  calls(route?: string): readonly RecordedCall[];
  /** The jobs that were sent to a job's route so far, the first one first. */
  jobs<Job extends JobTask>(job: Job): readonly RecordedJob<JSONValueOf<JobInputOf<Job>>>[];
  /** The same by the route's name; without one, the jobs of all routes. */
  jobs(route?: string): readonly RecordedJob[];
  /**
   * Waits for a call of a task's route, also one that was made before.
   *
   * @throws BgtasksError with `code` `"not_called"` when it is not made in time, ClosedError when the recorder is disposed
   */
  waitFor<Task extends RPCTask>(
    task: Task,
    options?: WaitForOptions,
  ): Promise<RecordedCall<JSONValueOf<InputOf<Task>>, ReplyOf<Task>>>;
  /** The same by the route's name. */
  waitFor(route: string, options?: WaitForOptions): Promise<RecordedCall>;
}

/**
 * Records every call and every job that this process sends over the loopback, whoever sends it and whoever does it, until
 * disposed.
 *
 * @example
 * ```ts
 * import { configure, recordCalls, RPCClient, rpcTasks } from "bgtasks";
 *
 * configure({ environment: "test" });
 * const logged = rpcTasks("audit.log", (entry: { user: string }) => entry.user !== "");
 *
 * using recorder = recordCalls();
 * const client = new RPCClient();
 * await client.call(logged, { user: "Tom" });
 * console.log(recorder.calls(logged)[0]?.input.user); // Tom
 * await client.close();
 * rpcTasks.delete("audit.log");
 * ```
 */
export function recordCalls(): CallRecorder {
  return new Recorder();
}

type Writable = { -readonly [Key in keyof RecordedCall]: RecordedCall[Key] };

/** Somebody who waits for a call. */
interface Wait {
  /** Looks whether it is there; says true when that ends the wait. */
  check(): boolean;
  end(reason: Error): void;
}

class Recorder implements CallObserver {
  readonly #calls: Writable[] = [];
  readonly #jobs: RecordedJob[] = [];
  readonly #pending = new Map<string, Writable>();
  /** What has come of the streams. */
  readonly #items = new WeakMap<Writable, unknown[]>();
  readonly #waits = new Set<Wait>();
  readonly #subscription: Disposable;
  #disposed = false;

  constructor() {
    this.#subscription = loopbackTap.observe(this);
  }

  calls(routeOrTask?: string | RPCTask): readonly RecordedCall[] {
    if (routeOrTask === undefined) return [...this.#calls];
    const name = routeOf(routeOrTask);
    return this.#calls.filter(({ route }) => route === name);
  }

  jobs(routeOrJob?: string | JobTask): readonly RecordedJob[] {
    if (routeOrJob === undefined) return [...this.#jobs];
    const name = routeOf(routeOrJob);
    return this.#jobs.filter(({ route }) => route === name);
  }

  waitFor(routeOrTask: string | RPCTask, options: WaitForOptions = {}): Promise<RecordedCall> {
    return new Promise((resolve, reject) => {
      const route = routeOf(routeOrTask);
      checkRoute(route);
      checkOptions(route, options);
      const { count: wanted = 1, until = "called", timeout = 5_000 } = options;
      if (this.#disposed) throw new ClosedError("Cannot wait for calls on a disposed recorder");
      const wait: Wait = {
        check: () => {
          const call = this.calls(route)[wanted - 1];
          if (!call || (until === "settled" && call.outcome.state === "pending")) return false;
          realTime.clearTimeout(timer);
          resolve(call);
          return true;
        },
        end: (reason) => {
          realTime.clearTimeout(timer);
          this.#waits.delete(wait);
          reject(reason);
        },
      };
      // A test's own patience is in real time, also while the time of what it tests is fake.
      const timer = realTime.setTimeout(() => wait.end(this.#notCalled(route, timeout)), timeout);
      if (!wait.check()) this.#waits.add(wait);
    });
  }

  onRequest(route: string, { content, headers }: LoopbackMessage): void {
    const input = readJSON(content.text);
    const call: Writable = {
      route,
      input,
      headers: withoutOwn(headers),
      outcome: { state: "pending" },
    };
    this.#calls.push(call);
    this.#pending.set(content.correlationId ?? "", call);
    this.#wake();
  }

  onPublish({ content, headers }: LoopbackMessage, target: Target): void {
    const way = readWay(target);
    if (!way || !isFirstSend(headers)) return;
    this.#jobs.push({
      ...way,
      id: content.id ?? "",
      input: readJSON(content.text),
      headers: headersOfSender(headers),
    });
  }

  onOutcome(correlationId: string, outcome: { readonly reply: Message } | string): void {
    const call = this.#pending.get(correlationId);
    if (!call) return;
    if (
      typeof outcome !== "string" &&
      isOwnType(outcome.reply.type) &&
      !this.#isEnd(call, outcome.reply)
    )
      return;
    this.#pending.delete(correlationId);
    call.outcome =
      typeof outcome === "string"
        ? { state: "failed", code: outcome }
        : toOutcome(outcome.reply, this.#items.get(call));
    this.#wake();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#subscription[Symbol.dispose]();
    for (const wait of this.#waits) wait.end(new ClosedError("The recorder was disposed"));
  }

  /** Takes a message of a stream. @returns whether it is the last one */
  #isEnd(call: Writable, { type, body }: Message): boolean {
    const items = this.#items.get(call) ?? [];
    this.#items.set(call, items);
    if (type === ITEMS) items.push(...(readJSON(body.readText() ?? "[]") as unknown[]));
    return type === END;
  }

  #wake(): void {
    for (const wait of this.#waits) if (wait.check()) this.#waits.delete(wait);
  }

  #notCalled(route: string, timeout: number): BgtasksError {
    const calls = this.calls(route).map(({ outcome }) => outcome.state);
    const others = [...new Set(this.#calls.map((call) => call.route))].join(", ");
    const seen =
      calls.length > 0
        ? `its calls so far are ${calls.join(", ")}`
        : others !== ""
          ? `only these routes were called: ${others}`
          : 'nothing was called over the loopback; is the environment "test"?';
    return new BgtasksError(
      "not_called",
      `Cannot wait longer than ${timeout} ms for a call of "${route}": ${seen}`,
    );
  }
}

function checkOptions(route: string, options: unknown): void {
  const rules = optionsOf({
    count: count(),
    until: oneOf(["called", "settled"], 'must be "called" or "settled"'),
    timeout: milliseconds(),
  });
  const problems = describeProblems(rules, options);
  if (problems === undefined) return;
  throw new BgtasksError("invalid_options", `Cannot wait for calls of "${route}": ${problems}`);
}

function routeOf(routeOrTask: string | Pick<RPCTask, "route">): string {
  return typeof routeOrTask === "string" ? routeOrTask : routeOrTask?.route;
}

/** @param items what came before the reply, if it is the end of a stream */
function toOutcome({ body, headers }: Message, items: unknown[] | undefined): CallOutcome {
  const errorCode = headers[ERROR_HEADER];
  if (typeof errorCode === "string") return { state: "failed", code: errorCode };
  if (items) return { state: "replied", reply: items };
  // Written here, so it is JSON; each reader gets objects of its own.
  return { state: "replied", reply: readJSON(body.readText() ?? "null") };
}
