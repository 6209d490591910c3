import { BgtasksError } from "../errors.ts";
import type { TaskContext, TaskRecord } from "./rpc_task.ts";

/** The tasks of one kind that a service offers, by route. */
export class TaskTable<Task extends TaskRecord> implements Iterable<Task> {
  readonly #tasks = new Map<string, Task>();
  /** Routes that were registered by options alone, whose handler is still to come. */
  readonly #unfinished = new Set<string>();
  readonly #create: (route: string, handler: unknown) => Task;

  /** @param create makes the task of a route that has none, for {@link override} */
  constructor(create: (route: string, handler: unknown) => Task) {
    this.#create = create;
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** The routes that wait for a handler. */
  get unfinished(): ReadonlySet<string> {
    return this.#unfinished;
  }

  get(route: string): Task | undefined {
    return this.#tasks.get(route);
  }

  has(route: string): boolean {
    return this.#tasks.has(route);
  }

  /** @throws BgtasksError with `code` `"duplicate_route"` */
  refuseTaken(route: string): void {
    if (this.#tasks.has(route)) throw duplicateRoute(route);
  }

  /** Remembers a route whose handler is still to come. */
  begin(route: string): void {
    this.#unfinished.add(route);
  }

  add(task: Task): Task {
    this.#unfinished.delete(task.route);
    this.#tasks.set(task.route, task);
    return task;
  }

  delete(route: string): boolean {
    this.#unfinished.delete(route);
    return this.#tasks.delete(route);
  }

  clear(): void {
    this.#unfinished.clear();
    this.#tasks.clear();
  }

  /** Puts another handler in a task's place until disposed; a route without a task gets one. */
  override(
    routeOrTask: string | Pick<Task, "route">,
    handler: (input: never, ctx: TaskContext) => unknown,
  ): Disposable {
    const name = typeof routeOrTask === "string" ? routeOrTask : routeOrTask.route;
    const before = this.#tasks.get(name);
    const task = before ? { ...before, handler } : this.#create(name, handler);
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

  /** In the order of their registration. */
  [Symbol.iterator](): IterableIterator<Task> {
    return this.#tasks.values();
  }
}

/** What a second registration of a route throws. */
export function duplicateRoute(route: string): BgtasksError {
  return new BgtasksError(
    "duplicate_route",
    `Cannot register "${route}" twice: it has a handler already`,
  );
}
