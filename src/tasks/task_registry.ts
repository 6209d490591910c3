import { BgtasksError } from "../errors.ts";
import {
  count,
  describeProblems,
  milliseconds,
  optionsOf,
  wholeMilliseconds,
} from "../options/option_rules.ts";
import type { Rule } from "../options/rules.ts";
import { all, flag, must, oneOf, recordOf, text, nameOf } from "../options/rules.ts";
import { isSchema } from "../schema/schema.ts";
import type { QueueOptions } from "../transport/transport.ts";
import { checkRoute } from "../messages/route.ts";
import type {
  CallerInput,
  HandlerInput,
  HandlerOutput,
  RPCTask,
  TaskContext,
  TaskHandler,
  TaskOptions,
  TaskOutput,
} from "./rpc_task.ts";
import type { TaskMiddleware } from "./task_middleware.ts";
import { withMiddleware } from "./task_middleware.ts";
import { TaskTable } from "./task_table.ts";

type AnyMiddleware = readonly TaskMiddleware<object, never>[];

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
export interface TaskRegistrar<Context extends TaskContext = TaskContext> {
  /** Registers a task with options. A schema of the input gives the handler's input its type. */
  <
    const Route extends string,
    const Options extends TaskOptions,
    Input,
    Result extends HandlerOutput<Options> | Promise<HandlerOutput<Options>>,
  >(
    route: Route,
    options: KnownOptions<Options>,
    handler: (input: HandlerInput<Options, Input>, ctx: Context) => Result,
  ): RPCTask<Route, CallerInput<Options, Input>, TaskOutput<Options, Result>>;
  /** Registers a task. */
  <const Route extends string, Input, Result>(
    route: Route,
    handler: (input: Input, ctx: Context) => Result,
  ): RPCTask<Route, Input, Awaited<Result>>;
  /** Waits for the handler, as a decorator does. */
  <const Route extends string, const Options extends TaskOptions = NoOptions>(
    route: Route,
    options?: KnownOptions<Options>,
  ): <Input, Result extends HandlerOutput<Options> | Promise<HandlerOutput<Options>>>(
    handler: (input: HandlerInput<Options, Input>, ctx: Context) => Result,
  ) => RPCTask<Route, CallerInput<Options, Input>, TaskOutput<Options, Result>>;
  /**
   * Registers tasks whose requests pass this middleware first, behind that of this registrar. What it adds to the context
   * has its type in the handler. The tasks belong to the same registry.
   *
   * @throws BgtasksError with `code` `"invalid_middleware"` when it is not a function
   */
  with<Added extends object = object>(
    middleware: TaskMiddleware<Added, Context>,
  ): TaskRegistrar<Context & Added>;
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
export interface TaskRegistry extends TaskRegistrar, Iterable<RPCTask> {
  /** How many tasks there are. */
  readonly size: number;
  /** The task of a route. */
  get(route: string): RPCTask | undefined;
  /** Whether the route is taken. */
  has(route: string): boolean;
  /** Removes a task; tells whether there was one. */
  delete(route: string): boolean;
  /** Removes all tasks. */
  clear(): void;
  /**
   * Puts another handler in a task's place until disposed, for tests; a route without a task gets one. A task's schemas
   * and options stay in force, and its middleware does not run.
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
  ): Disposable;
  /** The tasks, in the order of their registration. */
  [Symbol.iterator](): IterableIterator<RPCTask>;
}

/** Makes registries. */
export interface TaskRegistryConstructor {
  /** A registry without tasks. */
  new (): TaskRegistry;
  /** Whether a value is a registry of this copy of the library. */
  [Symbol.hasInstance](value: unknown): value is TaskRegistry;
}

/** Where a registry, which is a function, has its tasks. */
const TASKS = Symbol("tasks");

/** Makes registries; see the type of the same name. */
export const TaskRegistry: TaskRegistryConstructor = /* @__PURE__ */ makeConstructor();

function makeConstructor(): TaskRegistryConstructor {
  const constructor = function TaskRegistry(): TaskRegistry {
    return createRegistry();
  };
  Object.defineProperty(constructor, Symbol.hasInstance, { value: isTaskRegistry });
  return constructor as unknown as TaskRegistryConstructor;
}

function isTaskRegistry(value: unknown): value is TaskRegistry {
  return typeof value === "function" && TASKS in value;
}

/** The tasks of a registry. */
export function tasksOf(registry: TaskRegistry): TaskTable<RPCTask> {
  return (registry as TaskRegistry & { readonly [TASKS]: TaskTable<RPCTask> })[TASKS];
}

function createRegistry(): TaskRegistry {
  const tasks = new TaskTable((route, handler) => createTask(route, {}, handler, []));
  return Object.defineProperties(createRegistrar(tasks, []), {
    [TASKS]: { value: tasks },
    constructor: { get: () => TaskRegistry },
    size: { get: () => tasks.size },
    get: { value: (route: string) => tasks.get(route) },
    has: { value: (route: string) => tasks.has(route) },
    delete: { value: (route: string) => tasks.delete(route) },
    clear: { value: () => tasks.clear() },
    override: { value: tasks.override.bind(tasks) },
    [Symbol.iterator]: { value: () => tasks[Symbol.iterator]() },
  }) as TaskRegistry;
}

function createRegistrar(tasks: TaskTable<RPCTask>, middleware: AnyMiddleware): TaskRegistrar {
  const register = (route: unknown, ...rest: readonly unknown[]): unknown =>
    registerTask(tasks, middleware, route, rest);
  const extend = (added: unknown): TaskRegistrar => {
    if (typeof added !== "function") {
      const rule = `it must be a function: ${nameOf(added)}`;
      throw new BgtasksError(
        "invalid_middleware",
        `Cannot register tasks with middleware: ${rule}`,
      );
    }
    return createRegistrar(tasks, [...middleware, added as AnyMiddleware[number]]);
  };
  return Object.defineProperty(register, "with", { value: extend }) as TaskRegistrar;
}

function registerTask(
  tasks: TaskTable<RPCTask>,
  middleware: AnyMiddleware,
  route: unknown,
  [first, second]: readonly unknown[],
): unknown {
  checkRoute(route);
  tasks.refuseTaken(route);
  if (typeof first === "function" && second !== undefined) {
    const rule = "its options come before its handler: rpcTasks(route, options, handler)";
    throw new BgtasksError("invalid_task", `Cannot register "${route}": ${rule}`);
  }
  const [options = {}, handler] = typeof first === "function" ? [{}, first] : [first, second];
  checkOptions(route, options);
  if (handler !== undefined) return tasks.add(createTask(route, options, handler, middleware));
  tasks.begin(route);
  return (curried: unknown) => {
    tasks.refuseTaken(route);
    return tasks.add(createTask(route, options, curried, middleware));
  };
}

/** The default registry: what workers serve unless told otherwise. */
export const rpcTasks: TaskRegistry = /* @__PURE__ */ createRegistry();

/** What a task's options have to be. Made when they are first looked at: a browser that registers nothing needs none. */
let rules: Rule | undefined;

function makeRules(): Rule {
  const schema = must(isSchema, "must be a schema (Standard Schema)");
  return optionsOf({
    description: text,
    input: schema,
    output: schema,
    yields: schema,
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
  const problems = describeProblems((rules ??= makeRules()), options) ?? findClash(options);
  if (problems === undefined) return;
  throw new BgtasksError("invalid_task", `Cannot register "${route}": ${problems}`);
}

function findClash(options: unknown): string | undefined {
  const { output, yields } = options as TaskOptions;
  return output && yields ? "output and yields exclude each other" : undefined;
}

function createTask(
  route: string,
  options: TaskOptions,
  handler: unknown,
  middleware: AnyMiddleware,
): RPCTask {
  if (typeof handler !== "function") {
    throw new BgtasksError(
      "invalid_task",
      `Cannot register "${route}": its handler must be a function: ${typeof handler}`,
    );
  }
  const composed = withMiddleware(middleware, handler as TaskHandler);
  return { kind: "call", route, options, handler: composed };
}
