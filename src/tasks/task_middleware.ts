import { BgtasksError } from "../errors.ts";
import type { TaskContext, TaskHandler } from "./rpc_task.ts";

/** What a middleware sees of a request. */
export interface TaskCall<Context extends TaskContext = TaskContext> {
  /** The route that was called. */
  readonly route: string;
  /** What the handler gets: the schema, if there is one, has let it through. */
  readonly input: unknown;
  /** The handler's context, with what outer middleware has added. */
  readonly ctx: Context;
  /** For a middleware that answers itself: `return call.reply(value)`, without `next`. */
  reply(value: unknown): Handled<never>;
}

/**
 * Runs the rest: what the middleware after this one does, in the end the handler.
 *
 * @param added goes into the handler's context, as own properties; names that the context has are refused
 * @returns what the handler returns
 */
export type NextTask = <Added extends object = object>(added?: Added) => Promise<Handled<Added>>;

/** What a handler returned, and for the compiler what its middleware added to the context. */
export interface Handled<Added> {
  /** Only for the compiler; never set. */
  readonly "~added"?: Added;
}

/**
 * Stands between a request and its handler: it may look at the request, refuse it by throwing, add to the handler's
 * context, and look at what comes back.
 *
 * @example
 * ```ts
 * import { rpcTasks, TaskError } from "bgtasks";
 *
 * const authed = rpcTasks.with(({ ctx }, next) => {
 *   if (ctx.headers["token"] !== "secret") throw new TaskError("forbidden", "A token is needed.");
 *   return next({ user: "Tom" });
 * });
 * authed("notes.mine", (_: null, ctx) => `notes of ${ctx.user}`);
 * rpcTasks.delete("notes.mine");
 * ```
 */
export type TaskMiddleware<
  Added extends object = object,
  Context extends TaskContext = TaskContext,
> = (call: TaskCall<Context>, next: NextTask) => Promise<Handled<Added>> | Handled<Added>;

/** A handler with middleware around it, the first of them outermost; the handler itself where there is none. */
export function withMiddleware(
  middleware: readonly TaskMiddleware<object, never>[],
  handler: TaskHandler,
): TaskHandler {
  return middleware.reduceRight<TaskHandler>(wrap, handler);
}

function wrap(next: TaskHandler, middleware: TaskMiddleware<object, never>): TaskHandler {
  return (input: unknown, ctx: TaskContext) => {
    const proceed = async (added?: object): Promise<unknown> => {
      if (added !== undefined) addTo(ctx, added);
      return (next as (input: unknown, ctx: TaskContext) => unknown)(input, ctx);
    };
    const call = { route: ctx.route, input, ctx, reply: (value: unknown) => value };
    // What it returns is opaque to whoever writes one, and the handler's value to us.
    return middleware(call as TaskCall<never>, proceed as NextTask);
  };
}

function addTo(ctx: TaskContext, added: object): void {
  for (const [name, value] of Object.entries(added)) {
    if (name in ctx && !Object.hasOwn(ctx, name)) {
      throw new BgtasksError(
        "invalid_middleware",
        `Cannot add "${name}" to the context of "${ctx.route}" as a context has it already`,
      );
    }
    Object.defineProperty(ctx, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
}
