import { BgtasksError } from "../errors.ts";
import { nameOf } from "../options/rules.ts";
import type { TaskHandler, TaskRecord } from "./rpc_task.ts";
import type { TaskMiddleware } from "./task_middleware.ts";
import { withMiddleware } from "./task_middleware.ts";
import { TaskTable } from "./task_table.ts";

type AnyMiddleware = readonly TaskMiddleware<object, never>[];

/** What differs between the registries of one kind of tasks and another. */
export interface TaskMaker<Task extends TaskRecord> {
  readonly kind: Task["kind"];
  /** What the default registry is called, for messages. */
  readonly name: string;
  /** Whether somebody iterates over what a handler yields. Where nobody does, none of a generator's code would ever run. */
  readonly takesGenerators: boolean;
  /** @throws BgtasksError with `code` `"invalid_route"` */
  readonly checkRoute: (route: unknown) => void;
  /** @throws BgtasksError with `code` `"invalid_task"` */
  readonly takeOptions: (route: string, options: unknown) => Task["options"];
  readonly make: (route: string, options: Task["options"], handler: TaskHandler) => Task;
}

/** Where a registry, which is a function, has its tasks. */
const TASKS = Symbol("tasks");

interface HasTable {
  readonly [TASKS]: { readonly kind: string; readonly table: TaskTable<TaskRecord> };
}

/** Whether a value is a registry of one kind of tasks, of this copy of the library. */
export function hasTable(value: unknown, kind: string): boolean {
  return typeof value === "function" && TASKS in value && (value as HasTable)[TASKS].kind === kind;
}

/** The tasks of a registry. */
export function tableOf<Task extends TaskRecord>(registry: object): TaskTable<Task> {
  return (registry as HasTable)[TASKS].table as unknown as TaskTable<Task>;
}

/**
 * Makes a registry: a function that registers tasks, with the methods of a map.
 *
 * @param constructorOf what `registry.constructor` is
 */
export function createRegistry<Task extends TaskRecord>(
  maker: TaskMaker<Task>,
  constructorOf: () => unknown,
): object {
  const tasks = new TaskTable<Task>((route, handler) => {
    return makeTask(maker, route, maker.takeOptions(route, {}), handler, []);
  });
  return Object.defineProperties(createRegistrar(maker, tasks, []), {
    [TASKS]: { value: { kind: maker.kind, table: tasks } },
    constructor: { get: constructorOf },
    size: { get: () => tasks.size },
    get: { value: (route: string) => tasks.get(route) },
    has: { value: (route: string) => tasks.has(route) },
    delete: { value: (route: string) => tasks.delete(route) },
    clear: { value: () => tasks.clear() },
    override: { value: tasks.override.bind(tasks) },
    [Symbol.iterator]: { value: () => tasks[Symbol.iterator]() },
  });
}

function createRegistrar<Task extends TaskRecord>(
  maker: TaskMaker<Task>,
  tasks: TaskTable<Task>,
  middleware: AnyMiddleware,
): object {
  const register = (route: unknown, ...rest: readonly unknown[]): unknown =>
    registerTask(maker, tasks, middleware, route, rest);
  const extend = (added: unknown): object => {
    if (typeof added !== "function") {
      const rule = `it must be a function: ${nameOf(added)}`;
      throw new BgtasksError(
        "invalid_middleware",
        `Cannot register tasks with middleware: ${rule}`,
      );
    }
    return createRegistrar(maker, tasks, [...middleware, added as AnyMiddleware[number]]);
  };
  return Object.defineProperty(register, "with", { value: extend });
}

function registerTask<Task extends TaskRecord>(
  maker: TaskMaker<Task>,
  tasks: TaskTable<Task>,
  middleware: AnyMiddleware,
  route: unknown,
  [first, second]: readonly unknown[],
): unknown {
  assertRoute(maker.checkRoute, route);
  tasks.refuseTaken(route);
  if (typeof first === "function" && second !== undefined) {
    const rule = `its options come before its handler: ${maker.name}(route, options, handler)`;
    throw new BgtasksError("invalid_task", `Cannot register "${route}": ${rule}`);
  }
  const [given = {}, handler] = typeof first === "function" ? [{}, first] : [first, second];
  const options = maker.takeOptions(route, given);
  if (handler !== undefined) return tasks.add(makeTask(maker, route, options, handler, middleware));
  tasks.begin(route);
  return (curried: unknown) => {
    tasks.refuseTaken(route);
    return tasks.add(makeTask(maker, route, options, curried, middleware));
  };
}

function assertRoute(check: (route: unknown) => void, route: unknown): asserts route is string {
  check(route);
}

function makeTask<Task extends TaskRecord>(
  maker: TaskMaker<Task>,
  route: string,
  options: Task["options"],
  handler: unknown,
  middleware: AnyMiddleware,
): Task {
  if (typeof handler !== "function") {
    throw new BgtasksError(
      "invalid_task",
      `Cannot register "${route}": its handler must be a function: ${typeof handler}`,
    );
  }
  if (!maker.takesGenerators && isGenerator(handler)) {
    throw new BgtasksError(
      "invalid_task",
      `Cannot register "${route}": its handler must not be a generator, because nobody iterates over it`,
    );
  }
  return maker.make(route, options, withMiddleware(middleware, handler as TaskHandler));
}

function isGenerator(handler: object): boolean {
  return Symbol.toStringTag in handler && /Generator/.test(String(handler[Symbol.toStringTag]));
}
