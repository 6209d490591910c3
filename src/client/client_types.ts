import type { JSONValueOf, SendableOf } from "../messages/json_value_of.ts";
import type { Receives, ReturnedBy, RPCTask, TaskRecord } from "../tasks/rpc_task.ts";
import type { CallOptions } from "./call_options.ts";
import type { ItemsToSend } from "./item_sender.ts";
import type { ItemStreamOptions } from "./stream_options.ts";

/** Tasks by route, as {@link TasksOf} makes them. */
export type TaskMap = Readonly<Record<string, RPCTask>>;

/** What the tasks of a client have to be: each under its own route. */
export type TasksByRoute<Tasks> = {
  readonly [Route in keyof Tasks]: Tasks[Route] extends TaskRecord<Route & string>
    ? TaskRecord
    : "Say RPCClient<TasksOf<typeof import(…)>>: tasks by their routes";
};

/**
 * The tasks that a module exports, by route: what is called and what is sent as a job.
 *
 * @example
 * ```ts ignore
 * const client = new RPCClient<TasksOf<typeof import("../images/tasks.ts")>>();
 * ```
 */
export type TasksOf<Module> = {
  readonly [
    Name in keyof Module as Module[Name] extends TaskRecord<infer Route> ? Route : never
  ]: Module[Name] extends TaskRecord ? Module[Name] : never;
};

/** The routes that can be called among tasks by route. */
export type CallRoute<Tasks> = {
  [Route in keyof Tasks]: Extract<Tasks[Route], RPCTask> extends never ? never : Route;
}[keyof Tasks] &
  string;

/** The task that a call names: one of a client's, by its route, or the task itself. */
export type TaskAt<Tasks, Target> = Target extends keyof Tasks
  ? Extract<Tasks[Target], RPCTask>
  : Target;

/** What a task takes from its caller. */
export type InputOf<Task> = Task extends RPCTask<string, infer Input> ? Input : never;

/**
 * What a task's caller gets: the handler's result as it comes out of JSON, e.g. dates as strings. Of a task that streams it
 * is the list of all items.
 */
export type ReplyOf<Task> =
  Task extends RPCTask<string, infer _Input, infer Output>
    ? unknown extends Output
      ? unknown
      : Output extends AsyncIterable<infer Item>
        ? JSONValueOf<Item>[]
        : JSONValueOf<Output>
    : never;

/** What a task's caller gets one after the other: the items of a task that streams, or of the list that it replies with. */
export type ItemOf<Task> =
  ReplyOf<Task> extends readonly (infer Item)[]
    ? Item
    : unknown extends ReplyOf<Task>
      ? unknown
      : never;

/** What a task's caller gets after the last item: what the generator returned. */
export type ReturnOf<Task> =
  Task extends RPCTask<string, infer _Input, infer Output>
    ? unknown extends Output
      ? unknown
      : Output extends AsyncIterable<unknown>
        ? JSONValueOf<ReturnedBy<Output>>
        : null
    : never;

/** The items that a task receives of its caller; of one that is not known it may be anything. */
export type SentOf<Task> =
  "~receives" extends Named<keyof Task>
    ? Task extends Receives<infer Item>
      ? SendableOf<Item>
      : never
    : Task extends RPCTask<infer Route>
      ? string extends Route
        ? unknown
        : never
      : never;

/** The arguments of a call after the route: the input may be left out where the task takes `undefined`. */
export type CallArguments<Task> = ArgumentsOf<Task, CallOptions<SentOf<Task>>>;

/** The arguments of a stream after the route: the input may be left out where the task takes `undefined`. */
export type StreamArguments<Task> = ArgumentsOf<Task, StreamOptionsOf<Task>>;

/** @ignore The arguments after the route: a task that receives items is called with some. */
type ArgumentsOf<Task, Options> =
  "~receives" extends Named<keyof Task>
    ? [input: SendableOf<InputOf<Task>>, options: Options & Sending<SentOf<Task>>]
    : undefined extends InputOf<Task>
      ? [input?: SendableOf<InputOf<Task>>, options?: Options]
      : [input: SendableOf<InputOf<Task>>, options?: Options];

/** @ignore None where any name would do, as of `never` and `any`. */
type Named<Keys> = string extends Keys ? never : Keys;

/** Options with items to send. */
export interface Sending<Item> {
  /** The items, which may be a list, too. */
  readonly send: ItemsToSend<Item>;
}

/** The options of a stream of a task: `resume` is given its items and gives its input. */
export type StreamOptionsOf<Task> = ItemStreamOptions<
  ItemOf<Task>,
  SendableOf<InputOf<Task>>,
  SentOf<Task>
>;
