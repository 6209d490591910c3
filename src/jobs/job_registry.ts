import type { TaskMaker } from "../tasks/create_registry.ts";
import { createRegistry, hasTable, tableOf } from "../tasks/create_registry.ts";
import type { CallerInput, HandlerInput } from "../tasks/rpc_task.ts";
import type { TaskMiddleware } from "../tasks/task_middleware.ts";
import type { UnknownOption } from "../tasks/task_registry.ts";
import type { TaskTable } from "../tasks/task_table.ts";
import type { JobOptions } from "./job_options.ts";
import { takeJobOptions } from "./job_options.ts";
import { checkJobRoute } from "./job_queues.ts";
import type { JobContext, JobTask } from "./job_task.ts";

/** @ignore Of a job that has no options: the type of the input is the handler's own. */
type NoOptions = { readonly input?: never };

/** Options without keys that mean nothing: the compiler alone would let them pass beside those that do. */
export type KnownJobOptions<Options> = Options & {
  readonly [Key in Exclude<keyof Options, keyof JobOptions>]: UnknownOption;
};

/** Registers jobs, by being called. */
// One signature for each number of arguments: where none of several fits, the compiler tells of the last one alone.
export interface JobRegistrar<Context extends JobContext = JobContext> {
  /** Registers a job with options. A schema of the input gives the handler's input its type. */
  <const Route extends string, const Options extends JobOptions, Input>(
    route: Route,
    options: KnownJobOptions<Options>,
    handler: (input: HandlerInput<Options, Input>, ctx: Context) => unknown,
  ): JobTask<Route, CallerInput<Options, Input>>;
  /** Registers a job. */
  <const Route extends string, Input>(
    route: Route,
    handler: (input: Input, ctx: Context) => unknown,
  ): JobTask<Route, Input>;
  /** Waits for the handler, as a decorator does. */
  <const Route extends string, const Options extends JobOptions = NoOptions>(
    route: Route,
    options?: KnownJobOptions<Options>,
  ): <Input>(
    handler: (input: HandlerInput<Options, Input>, ctx: Context) => unknown,
  ) => JobTask<Route, CallerInput<Options, Input>>;
  /**
   * Registers jobs that pass this middleware first, behind that of this registrar. What it adds to the context has its
   * type in the handler. The jobs belong to the same registry.
   *
   * @throws BgtasksError with `code` `"invalid_middleware"` when it is not a function
   */
  with<Added extends object = object>(
    middleware: TaskMiddleware<Added, Context>,
  ): JobRegistrar<Context & Added>;
}

/**
 * The jobs that a service does, by route. Call it to register one; iterate it to see all. A job may have the route of a
 * task that is called: they have different queues.
 *
 * @example
 * ```ts
 * import * as v from "valibot";
 * import { JobRegistry } from "bgtasks";
 *
 * const jobs = new JobRegistry();
 * jobs("images.resize", { input: v.object({ id: v.number() }), retry: { attempts: 5 } }, ({ id }, ctx) => {
 *   console.log(`image ${id}, attempt ${ctx.attempt} of ${ctx.attempts}`);
 * });
 * jobs.has("images.resize"); // true
 * ```
 */
export interface JobRegistry extends JobRegistrar, Iterable<JobTask> {
  /** How many jobs there are. */
  readonly size: number;
  /** The job of a route. */
  get(route: string): JobTask | undefined;
  /** Whether the route is taken. */
  has(route: string): boolean;
  /** Removes a job; tells whether there was one. */
  delete(route: string): boolean;
  /** Removes all jobs. */
  clear(): void;
  /**
   * Puts another handler in a job's place until disposed, for tests; a route without a job gets one. A job's schema and
   * options stay in force, and its middleware does not run.
   */
  override<Input>(
    route: string | JobTask<string, Input>,
    handler: (input: Input, ctx: JobContext) => unknown,
  ): Disposable;
  /** The jobs, in the order of their registration. */
  [Symbol.iterator](): IterableIterator<JobTask>;
}

/** Makes registries of jobs. */
export interface JobRegistryConstructor {
  /** A registry without jobs. */
  new (): JobRegistry;
  /** Whether a value is a registry of jobs of this copy of the library. */
  [Symbol.hasInstance](value: unknown): value is JobRegistry;
}

/** Makes registries of jobs; see the type of the same name. */
export const JobRegistry: JobRegistryConstructor = /* @__PURE__ */ makeConstructor();

function makeConstructor(): JobRegistryConstructor {
  const constructor = function JobRegistry(): JobRegistry {
    return createJobRegistry();
  };
  Object.defineProperty(constructor, Symbol.hasInstance, {
    value: (value: unknown) => hasTable(value, "job"),
  });
  return constructor as unknown as JobRegistryConstructor;
}

/** The jobs of a registry. */
export function jobsOf(registry: JobRegistry): TaskTable<JobTask> {
  return tableOf<JobTask>(registry);
}

function createJobRegistry(): JobRegistry {
  return createRegistry(maker, () => JobRegistry) as JobRegistry;
}

const maker: TaskMaker<JobTask> = {
  kind: "job",
  name: "jobTasks",
  takesGenerators: false,
  checkRoute: checkJobRoute,
  takeOptions: takeJobOptions,
  make: (route, options, handler) => ({ kind: "job", route, options, handler }),
};

/**
 * The default registry of jobs: what workers do unless told otherwise.
 *
 * @example
 * ```ts
 * import { configure, JobClient, jobTasks } from "bgtasks";
 *
 * configure({ environment: "test" }); // no broker for this example
 * const greet = jobTasks("mails.greet", ({ name }: { name: string }, ctx) => {
 *   console.log(`Hello ${name}, says attempt ${ctx.attempt} of job ${ctx.id}`);
 * });
 *
 * const jobs = new JobClient();
 * await jobs.send(greet, { name: "Tom" }, { id: "greet-tom" });
 * await jobs.close();
 * jobTasks.delete("mails.greet");
 * ```
 */
export const jobTasks: JobRegistry = /* @__PURE__ */ createJobRegistry();
