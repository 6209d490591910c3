import type { CallOptions, RPCTask, TaskContext, TaskOptions } from "../../../mod.ts";
import {
  BgtasksError,
  RemoteError,
  RPCClient,
  RPCTimeoutError,
  TaskError,
  TaskRegistry,
  ValidationError,
  Worker,
} from "../../../mod.ts";
import type { Settings } from "../../../mod.ts";
import { deferred, waitFor } from "../../support/wait_for.ts";
import type { Behaviour, CallPlan, Program, Step, TaskPlan } from "./program.ts";
import { SCHEMAS } from "./schemas.ts";
import { BAD_ROUTES, CODES, headersOf, THROWN, VALUES } from "./values.ts";

/** How long handlers of a worker that stops get, in milliseconds. */
const DRAIN = 30;

/** Plays a program on one adapter. @returns what came of each step, as text */
export async function play(
  program: Program,
  settings: Settings,
  prefix: string,
): Promise<readonly string[]> {
  const player = new Player(program, settings, prefix);
  const lines: string[] = [];
  try {
    for (const step of program.steps) lines.push(await player.play(step));
  } finally {
    await player.end();
  }
  return lines;
}

class Player {
  readonly #registry = new TaskRegistry();
  readonly #settings: Settings;
  readonly #prefix: string;
  readonly #workers: Worker[] = [];
  #client: RPCClient;
  #override: Disposable | undefined;
  #gate = deferred();
  /** What handlers were given in this step. */
  #seen: string[] = [];
  /** Whether requests of this step are run a second time. */
  #again = false;

  constructor({ maxMessageBytes }: Program, settings: Settings, prefix: string) {
    this.#settings = { ...settings, maxMessageBytes, name: prefix };
    this.#prefix = prefix;
    this.#client = new RPCClient({ settings: this.#settings });
  }

  async play(step: Step): Promise<string> {
    this.#seen = [];
    this.#again = step.step === "call, stop and start";
    const outcomes = await this.#play(step);
    this.#gate.resolve();
    await waitFor(
      () => this.#workers.every(({ running }) => running === 0),
      `handlers to end after ${step.step}`,
    );
    this.#gate = deferred();
    // Sorted, as no order is promised.
    const seen = this.#seen.sort();
    return `${step.step} → ${[...outcomes, ...seen.map((text) => `handled ${text}`)].join("; ")}`;
  }

  async end(): Promise<void> {
    this.#gate.resolve();
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    await this.#client.close();
  }

  async #play(step: Step): Promise<readonly string[]> {
    switch (step.step) {
      case "register":
        return [outcomeOf(() => this.#register(step.task))];
      case "override":
        this.#override = this.#registry.override(this.#route(step.route), (input, ctx) =>
          this.#handle(step.route, step.behaviour, input, ctx),
        );
        return [];
      case "restore":
        this.#override?.[Symbol.dispose]();
        return [];
      case "delete":
        return [String(this.#registry.delete(this.#route(step.route)))];
      case "start":
        await this.#start(step.concurrency, step.runs);
        return [];
      case "stop":
        await this.#workers.shift()?.stop();
        return [];
      case "call":
        return Promise.all(step.calls.map((call) => this.#call(call)));
      case "call and start": {
        const calls = step.calls.map((call) => this.#call(call));
        await this.#start(step.concurrency, step.runs);
        return Promise.all(calls);
      }
      case "call, stop and start": {
        const calls = step.calls.map((call) => this.#call(call));
        await waitFor(() => this.#seen.length === calls.length, "every handler to begin");
        await this.#workers.shift()?.stop();
        await this.#start(step.concurrency, 0);
        return Promise.all(calls);
      }
      case "call and close": {
        const calls = step.calls.map((call) => this.#call(call));
        const closed = this.#client.close();
        const refused = this.#outcome(this.#client.call(this.#route(0)));
        const outcomes = await Promise.all([...calls, refused, this.#outcome(closed)]);
        this.#client = new RPCClient({ settings: this.#settings });
        return outcomes;
      }
      case "call a bad route": {
        const route = BAD_ROUTES[step.route] as string;
        return [await this.#outcome(this.#client.call(route, 1))];
      }
    }
  }

  #route(index: number): string {
    return `${this.#prefix}.${index}`;
  }

  #register({ route, behaviour, input, output, concurrency, timeout }: TaskPlan): RPCTask {
    const schema = (name: string | undefined) =>
      name === undefined ? undefined : SCHEMAS[name]?.();
    const options = { input: schema(input), output: schema(output), concurrency, timeout };
    const given = Object.fromEntries(
      Object.entries(options).filter(([, value]) => value !== undefined),
    ) as TaskOptions;
    return this.#registry(this.#route(route), given, (value: unknown, ctx: TaskContext) =>
      this.#handle(route, behaviour, value, ctx),
    );
  }

  async #start(concurrency: number, runs: number): Promise<void> {
    const settings = this.#settings;
    const worker = new Worker({
      ...{ registry: this.#registry, settings, concurrency, drainTimeout: DRAIN },
    });
    this.#workers.push(worker);
    await worker.start();
    if (runs === 0) return;
    // Handlers of requests that nobody waits for.
    this.#gate.resolve();
    await waitFor(() => this.#seen.length >= runs, `${runs} requests of before`);
  }

  async #call({ route, value, headers, timeout, retry, abort }: CallPlan): Promise<string> {
    const controller = new AbortController();
    const reason = new Error("given up");
    if (abort === "before") controller.abort(reason);
    const given = headersOf(headers);
    const before = inspectHeaders(given);
    const options: CallOptions = { timeout, retry, headers: given, signal: controller.signal };
    const begun = this.#seen.length;
    const outcome = this.#outcome(
      this.#client.call(this.#route(route), VALUES[value]?.(), options),
    );
    if (abort === "begun")
      await waitFor(() => this.#seen.length > begun, "the handler of a call that is given up");
    // Out by then: the connection stands, or the call waits for it.
    if (abort === "waiting") await this.#sent();
    if (abort !== "no") controller.abort(reason);
    const changed = inspectHeaders(given) === before ? "" : " CHANGED THE CALLER'S HEADERS";
    return `${route} ${await outcome}${changed}`;
  }

  /** Waits until what was called before has reached the broker: a call that it answers itself. */
  async #sent(): Promise<void> {
    await this.#client.call(`${this.#prefix}.nobody`, null, { timeout: 20_000 }).catch(() => {});
  }

  #handle(route: number, behaviour: Behaviour, input: unknown, ctx: TaskContext): unknown {
    // Elsewhere it is a matter of time: a worker that is busy gives back what it cannot run.
    const again = this.#again && ctx.redelivered ? " again" : "";
    this.#seen.push(`${route} ${JSON.stringify(input)}${again}`);
    switch (behaviour.does) {
      case "echo":
        return input;
      case "echo later":
        return new Promise((resolve) => setTimeout(resolve, 3, input));
      case "tell its context":
        return this.#describe(ctx);
      case "change its headers":
        try {
          Object.assign(ctx.headers, { changed: true });
          return "changed";
        } catch (error) {
          return (error as Error).name;
        }
      case "be thenable":
        return new Thenable({ input });
      case "return":
        return VALUES[behaviour.value]?.();
      case "throw":
        throw THROWN[behaviour.thrown]?.();
      case "reject":
        return Promise.reject(THROWN[behaviour.thrown]?.());
      case "fail":
        throw new TaskError(
          CODES[behaviour.code] as string,
          "on purpose",
          VALUES[behaviour.data]?.(),
        );
      case "hang":
        if (ctx.redelivered) return "again";
        return this.#gate.promise.then(() => "after the end");
      case "heed":
        if (ctx.redelivered) return "again";
        return Promise.race([this.#gate.promise, heed(ctx.signal, behaviour.and)]);
    }
  }

  #describe(ctx: TaskContext): unknown {
    return {
      route: this.#mask(ctx.route),
      named: ctx.correlationId !== "",
      headers: inspectHeaders(ctx.headers),
      redelivered: this.#again && ctx.redelivered,
      aborted: ctx.signal.aborted,
      // Nearer than a second, as it is counted from a time in whole seconds.
      waits: ctx.deadline !== undefined && ctx.deadline - Date.now() > 100,
    };
  }

  async #outcome(promise: Promise<unknown>): Promise<string> {
    try {
      return this.#mask(JSON.stringify(await promise) ?? "undefined");
    } catch (error) {
      return this.#mask(describeError(error));
    }
  }

  #mask(text: string): string {
    return text
      .replaceAll(this.#prefix, "…")
      .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, "<id>")
      .replaceAll(/(.)\1{60,}/g, (run: string, char: string) => `${char} × ${run.length}`);
  }
}

function heed(signal: AbortSignal, then: "reject" | "return" | "fail"): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => {
      if (then === "return") resolve("gave up");
      else if (then === "reject") reject(signal.reason as Error);
      else reject(new TaskError("gave_up", "The handler gave up."));
    });
  });
}

/** What is no promise, and has its method. */
class Thenable {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- handlers may return such
  then(resolve: (value: unknown) => void): void {
    resolve(this.#value);
  }
}

/** A code may be of a type that it should not be. */
function inspectCode(code: unknown): string {
  return typeof code === "string" ? JSON.stringify(code) : `${typeof code} ${String(code)}`;
}

function outcomeOf(work: () => unknown): string {
  try {
    work();
    return "done";
  } catch (error) {
    return describeError(error);
  }
}

/** The class of an error and all that it says. */
function describeError(error: unknown): string {
  if (!(error instanceof BgtasksError)) return String(error);
  const more =
    error instanceof ValidationError
      ? { issues: error.issues, errors: error.errors }
      : error instanceof RemoteError
        ? { data: error.data }
        : error instanceof RPCTimeoutError
          ? { consumers: error.consumers }
          : {};
  return `${error.constructor.name} ${inspectCode(error.code)} ${textOf(error)} ${JSON.stringify(more)}`;
}

/** Names and values, with what JSON does not tell apart. */
function inspectHeaders(headers: unknown): string {
  if (typeof headers !== "object" || headers === null) return String(headers);
  return Object.entries(headers)
    .map(
      ([name, value]) =>
        `${JSON.stringify(name)}: ${typeof value} ${Object.is(value, -0) ? "-0" : String(value).slice(0, 100)}`,
    )
    .sort()
    .join(", ");
}

/** The message of an error, but for why there is no such route: over the loopback it speaks of this process. */
function textOf({ message }: Error): string {
  return message.replace(
    / as (?:no task of this name is registered in this process|the broker has no queue of this name)\b.*/s,
    " as there is no such route",
  );
}
