import type { StandardSchemaV1 } from "@standard-schema/spec";

import type { Schema } from "../schema/schema.ts";
import type { QueueOptions } from "../transport/transport.ts";

/** What a handler knows of the request it answers. */
export interface TaskContext {
  /** The route that was called. */
  readonly route: string;
  /** The caller's name for this call; empty when it gave none. */
  readonly correlationId: string;
  /** The headers the caller sent. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** Whether the broker may have delivered this request before. */
  readonly redelivered: boolean;
  /** Aborts when nobody waits for the reply any more: at the caller's deadline, at the task's timeout, at a forced stop. */
  readonly signal: AbortSignal;
  /** When the caller stops waiting, in milliseconds since 1970 by this machine's clock; `undefined` if it never does. */
  readonly deadline: number | undefined;
}

/** Everything about a task but its route and handler. */
export interface TaskOptions {
  /** What the task does, in a sentence: for `bgtasks docs` and `bgtasks routes`. */
  readonly description?: string;
  /** Checks the input before the handler runs. */
  readonly input?: Schema;
  /** Checks what the handler returns before it is sent. */
  readonly output?: Schema;
  /** Checks each item of a handler that gives items one after the other, before it is sent. In the place of `output`. */
  readonly yields?: Schema;
  /** Checks each item that the caller sends, when the handler takes it from `ctx.incoming`. */
  readonly receives?: Schema;
  /** How many requests of this route one worker handles at a time. @default {the worker's concurrency} */
  readonly concurrency?: number;
  /** How long a handler may take, in milliseconds; then the caller is told and {@link TaskContext.signal} aborts. */
  readonly timeout?: number;
  /** How the queue is declared. */
  readonly queue?: QueueOptions;
}

/** A handler of whatever input. */
export type TaskHandler = (input: never, ctx: TaskContext) => unknown;

/** What every kind of task has. */
export interface TaskRecord<Route extends string = string> {
  /** Whether it is called or sent as a job. */
  readonly kind: string;
  /** What it is called or sent by. */
  readonly route: Route;
  /** How it is checked and served. */
  readonly options: Pick<
    TaskOptions,
    "input" | "output" | "yields" | "receives" | "concurrency" | "timeout"
  >;
  /** What does it. */
  readonly handler: TaskHandler;
}

/**
 * A task of a registry: a plain record that carries its types, so that callers in another repository need no more than
 * `import type`.
 */
export interface RPCTask<Route extends string = string, Input = unknown, Output = unknown> {
  /** It is called, and answers. */
  readonly kind: "call";
  /** The queue's name on the wire. */
  readonly route: Route;
  /** How it is checked and served. */
  readonly options: TaskOptions;
  /** What answers its requests. */
  readonly handler: TaskHandler;
  /** Only for the compiler; never set. */
  readonly "~types"?: { readonly input: Input; readonly output: Output };
}

/** What a caller passes to a task with these options: what the schema takes, or without one what the handler does. */
export type CallerInput<Options, Input = unknown> = Options extends {
  readonly input: infer S extends Schema;
}
  ? StandardSchemaV1.InferInput<S>
  : Input;

/** What the handler of a task with these options gets: what the schema gives, or without one what it takes itself. */
export type HandlerInput<Options, Input = unknown> = Options extends {
  readonly input: infer S extends Schema;
}
  ? StandardSchemaV1.InferOutput<S>
  : Input;

/** What the handler of a task with these options may return. */
export type HandlerOutput<Options> = Options extends { readonly yields: infer S extends Schema }
  ? AsyncIterable<StandardSchemaV1.InferInput<S>>
  : Options extends { readonly output: infer S extends Schema }
    ? StandardSchemaV1.InferInput<S>
    : unknown;

/** What the handler of a task with these options knows of its request: with `receives` the items that come with it, too. */
export type HandlerContext<Options, Context> = Options extends {
  readonly receives: infer S extends Schema;
}
  ? Context & Incoming<StandardSchemaV1.InferOutput<S>>
  : Context;

/** What a handler's context has where its task has the option `receives`. */
export interface Incoming<Item> {
  /**
   * The items that the caller sends, one after the other; they can be read once. The caller sends none before the first is asked
   * for. The loop rejects when an item does not fit, and when the caller has given the request up.
   */
  readonly incoming: AsyncIterableIterator<Item>;
}

/** What marks a task with these options that receives items. */
export type ReceivesOf<Options> = Options extends { readonly receives: infer S extends Schema }
  ? Receives<StandardSchemaV1.InferInput<S>>
  : unknown;

/** A task that receives items. */
export interface Receives<Item> {
  /** Only for the compiler; never set. */
  readonly "~receives"?: Item;
}

/** What leaves a task with these options whose handler returns `Result`. */
export type TaskOutput<Options, Result> = Options extends {
  readonly yields: infer S extends Schema;
}
  ? Items<StandardSchemaV1.InferOutput<S>, ReturnedBy<Awaited<Result>>>
  : Options extends { readonly output: infer S extends Schema }
    ? StandardSchemaV1.InferOutput<S>
    : Awaited<Result>;

/** Items that come one after the other, and what comes at their end, if that is known. */
export interface Items<Item, Returned = unknown> extends AsyncIterable<Item> {
  /** Only for the compiler; never set. */
  readonly "~returned"?: Returned;
}

/** What comes after the items of a generator, or of other items. */
export type ReturnedBy<Output> =
  Output extends AsyncGenerator<unknown, infer Returned, never>
    ? Returned
    : Output extends { readonly "~returned"?: infer Returned }
      ? Returned
      : undefined;
