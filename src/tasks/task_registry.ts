import { BgtasksError } from "../errors.ts";
import {
  count,
  describeProblems,
  milliseconds,
  optionsOf,
  wholeMilliseconds,
} from "../options/option_rules.ts";
import type { Rule } from "../options/rules.ts";
import { all, flag, must, oneOf, recordOf, text } from "../options/rules.ts";
import { isSchema } from "../schema.ts";
import { checkRoute } from "../wire/route.ts";
import type {
  CallerInput,
  HandlerInput,
  HandlerOutput,
  QueueOptions,
  RPCTask,
  TaskContext,
  TaskHandler,
  TaskOptions,
  TaskOutput,
} from "./rpc_task.ts";

/** @ignore Of a task that has no options: the types are the handler's own. */
type NoOptions = { readonly input?: never };

/** Options without keys that mean nothing: the compiler alone would let them pass beside those that do. */
export type KnownOptions<Options> = Options & {
  readonly [Key in Exclude<keyof Options, keyof TaskOptions>]: UnknownOption;
};

/** What the compiler shows for a key that is not an option of a task. */
export interface UnknownOption {
  /** Never set. */
  readonly "~unknown": never;
}

/** Registers tasks, by being called. */
// One signature for each number of arguments: where none of several fits, the compiler tells of the last one alone.
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- Callable's constructor makes it true
export interface TaskRegistry {
  /** Registers a task with options. A schema of the input gives the handler's input its type. */
  <
    const Route extends string,
    const Options extends TaskOptions,
    Input,
    Result extends HandlerOutput<Options> | Promise<HandlerOutput<Options>>,
  >(
    route: Route,
    options: KnownOptions<Options>,
    handler: (input: HandlerInput<Options, Input>, ctx: TaskContext) => Result,
  ): RPCTask<Route, CallerInput<Options, Input>, TaskOutput<Options, Result>>;
  /** Registers a task. */
  <const Route extends string, Input, Result>(
    route: Route,
    handler: (input: Input, ctx: TaskContext) => Result,
  ): RPCTask<Route, Input, Awaited<Result>>;
  /** Waits for the handler, as a decorator does. */
  <const Route extends string, const Options extends TaskOptions = NoOptions>(
    route: Route,
    options?: KnownOptions<Options>,
  ): <Input, Result extends HandlerOutput<Options> | Promise<HandlerOutput<Options>>>(
    handler: (input: HandlerInput<Options, Input>, ctx: TaskContext) => Result,
  ) => RPCTask<Route, CallerInput<Options, Input>, TaskOutput<Options, Result>>;
}

/** Base class whose instances are functions: the constructor returns a function with the subclass's prototype. */
// oxlint-disable-next-line typescript/no-extraneous-class -- its constructor is the point
export class Callable {
  /** Takes what a call of the object does. */
  constructor(call: (...args: readonly unknown[]) => unknown) {
    const self = (...args: readonly unknown[]): unknown => call(...args);
    return Object.setPrototypeOf(self, new.target.prototype) as Callable;
  }
}

/**
 * The tasks that a service offers, by route. Call it to register one; iterate it to see all.
 *
 * @example
 * ```ts
 * import * as v from "valibot";
 * import { TaskRegistry } from "bgtasks";
 *
 * const tasks = new TaskRegistry();
 * tasks("math.double", { input: v.number() }, (n) => n * 2);
 * tasks.has("math.double"); // true
 * ```
 */
export class TaskRegistry extends Callable implements Iterable<RPCTask> {
  readonly #tasks = new Map<string, RPCTask>();
  /** Routes that were registered by options alone, whose handler is still to come. */
  readonly #unfinished = new Set<string>();

  /** Begins without tasks. */
  constructor() {
    super((route, ...rest) => this.#register(route, rest));
  }

  /** How many tasks there are. */
  get size(): number {
    return this.#tasks.size;
  }

  /** The task of a route. */
  get(route: string): RPCTask | undefined {
    return this.#tasks.get(route);
  }

  /** @internal The routes that wait for a handler. */
  get unfinished(): ReadonlySet<string> {
    return this.#unfinished;
  }

  /** Whether the route is taken. */
  has(route: string): boolean {
    return this.#tasks.has(route);
  }

  /** Removes a task; tells whether there was one. */
  delete(route: string): boolean {
    this.#unfinished.delete(route);
    return this.#tasks.delete(route);
  }

  /** Removes all tasks. */
  clear(): void {
    this.#unfinished.clear();
    this.#tasks.clear();
  }

  /**
   * Puts another handler in a task's place until disposed, for tests; a route without a task gets one. A task's schemas
   * and options stay in force.
   *
   * @example
   * ```ts
   * import { rpcTasks } from "bgtasks";
   *
   * const override = rpcTasks.override("images.byIds", () => [{ id: 1, path: "/1.jpg" }]);
   * // … the test …
   * override[Symbol.dispose]();
   * ```
   */
  override<Input>(
    route: string | RPCTask<string, Input>,
    handler: (input: Input, ctx: TaskContext) => unknown,
  ): Disposable {
    const name = typeof route === "string" ? route : route.route;
    const before = this.#tasks.get(name);
    const task = before
      ? { ...before, handler: handler as TaskHandler }
      : createTask(name, {}, handler);
    this.#tasks.set(name, task);
    return {
      [Symbol.dispose]: () => {
        // Another override or a delete() since then has the last word.
        if (this.#tasks.get(name) !== task) return;
        if (before) this.#tasks.set(name, before);
        else this.#tasks.delete(name);
      },
    };
  }

  /** The tasks, in the order of their registration. */
  [Symbol.iterator](): IterableIterator<RPCTask> {
    return this.#tasks.values();
  }

  #register(route: unknown, [first, second]: readonly unknown[]): unknown {
    checkRoute(route);
    this.#refuseTaken(route);
    if (typeof first === "function" && second !== undefined) {
      const rule = "its options come before its handler: rpcTasks(route, options, handler)";
      throw new BgtasksError("invalid_task", `Cannot register "${route}": ${rule}`);
    }
    const [options = {}, handler] = typeof first === "function" ? [{}, first] : [first, second];
    checkOptions(route, options);
    if (handler !== undefined) return this.#add(createTask(route, options, handler));
    this.#unfinished.add(route);
    return (curried: unknown) => {
      this.#refuseTaken(route);
      return this.#add(createTask(route, options, curried));
    };
  }

  #add(task: RPCTask): RPCTask {
    this.#unfinished.delete(task.route);
    this.#tasks.set(task.route, task);
    return task;
  }

  #refuseTaken(route: string): void {
    if (!this.#tasks.has(route)) return;
    throw duplicateRoute(route);
  }
}

/** What a second registration of a route throws. */
export function duplicateRoute(route: string): BgtasksError {
  return new BgtasksError(
    "duplicate_route",
    `Cannot register "${route}" twice: it has a handler already`,
  );
}

/** The default registry: what workers serve unless told otherwise. */
export const rpcTasks: TaskRegistry = new TaskRegistry();

/** What a task's options have to be. Made when they are first looked at: a browser that registers nothing needs none. */
let rules: Rule | undefined;

function makeRules(): Rule {
  const schema = must(isSchema, "must be a schema (Standard Schema)");
  return optionsOf({
    description: text,
    input: schema,
    output: schema,
    concurrency: count(),
    timeout: milliseconds(),
    queue: all(
      optionsOf({
        durable: flag,
        type: oneOf(["classic", "quorum"], 'must be "classic" or "quorum"'),
        expires: wholeMilliseconds(),
        arguments: recordOf(must(isArgument, "must be text, a number, true or false")),
      }),
      must(
        (queue) => !isTransientQuorum(queue as QueueOptions),
        "cannot be a quorum queue and not durable: quorum queues are always durable",
      ),
    ),
  });
}

function isArgument(value: unknown): boolean {
  if (typeof value === "number") return !Number.isNaN(value);
  return typeof value === "string" || typeof value === "boolean";
}

function isTransientQuorum({ type, durable }: QueueOptions): boolean {
  return type === "quorum" && durable === false;
}

function checkOptions(route: string, options: unknown): asserts options is TaskOptions {
  const problems = describeProblems((rules ??= makeRules()), options);
  if (problems === undefined) return;
  throw new BgtasksError("invalid_task", `Cannot register "${route}": ${problems}`);
}

function createTask(route: string, options: TaskOptions, handler: unknown): RPCTask {
  if (typeof handler !== "function") {
    throw new BgtasksError(
      "invalid_task",
      `Cannot register "${route}": its handler must be a function: ${typeof handler}`,
    );
  }
  return { route, options, handler: handler as TaskHandler };
}
