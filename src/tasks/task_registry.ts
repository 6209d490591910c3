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
import { isSchema } from "../schema/schema.ts";
import type { QueueOptions } from "../transport/transport.ts";
import { checkRoute } from "../messages/route.ts";
import type { TaskMaker } from "./create_registry.ts";
import { createRegistry, hasTable, tableOf } from "./create_registry.ts";
import type {
  CallerInput,
  HandlerContext,
  HandlerInput,
  HandlerOutput,
  ReceivesOf,
  RPCTask,
  TaskContext,
  TaskOptions,
  TaskOutput,
} from "./rpc_task.ts";
import type { TaskMiddleware } from "./task_middleware.ts";
import type { TaskTable } from "./task_table.ts";

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
    handler: (input: HandlerInput<Options, Input>, ctx: HandlerContext<Options, Context>) => Result,
  ): RPCTask<Route, CallerInput<Options, Input>, TaskOutput<Options, Result>> & ReceivesOf<Options>;
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
    handler: (input: HandlerInput<Options, Input>, ctx: HandlerContext<Options, Context>) => Result,
  ) => RPCTask<Route, CallerInput<Options, Input>, TaskOutput<Options, Result>> &
    ReceivesOf<Options>;
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

/** Makes registries; see the type of the same name. */
export const TaskRegistry: TaskRegistryConstructor = /* @__PURE__ */ makeConstructor();

function makeConstructor(): TaskRegistryConstructor {
  const constructor = function TaskRegistry(): TaskRegistry {
    return createTaskRegistry();
  };
  Object.defineProperty(constructor, Symbol.hasInstance, {
    value: (value: unknown) => hasTable(value, "call"),
  });
  return constructor as unknown as TaskRegistryConstructor;
}

/** The tasks of a registry. */
export function tasksOf(registry: TaskRegistry): TaskTable<RPCTask> {
  return tableOf<RPCTask>(registry);
}

function createTaskRegistry(): TaskRegistry {
  return createRegistry(maker, () => TaskRegistry) as TaskRegistry;
}

const maker: TaskMaker<RPCTask> = {
  kind: "call",
  name: "rpcTasks",
  takesGenerators: true,
  checkRoute,
  takeOptions: checkOptions,
  make: (route, options, handler) => ({ kind: "call", route, options, handler }),
};

/** The default registry: what workers serve unless told otherwise. */
export const rpcTasks: TaskRegistry = /* @__PURE__ */ createTaskRegistry();

/** What a task's options have to be. Made when they are first looked at: a browser that registers nothing needs none. */
let rules: Rule | undefined;

function makeRules(): Rule {
  const schema = must(isSchema, "must be a schema (Standard Schema)");
  return optionsOf({
    description: text,
    input: schema,
    output: schema,
    yields: schema,
    receives: schema,
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

function checkOptions(route: string, options: unknown): TaskOptions {
  const problems = describeProblems((rules ??= makeRules()), options) ?? findClash(options);
  // Checked.
  if (problems === undefined) return options as TaskOptions;
  throw new BgtasksError("invalid_task", `Cannot register "${route}": ${problems}`);
}

function findClash(options: unknown): string | undefined {
  const { output, yields } = options as TaskOptions;
  return output && yields ? "output and yields exclude each other" : undefined;
}
