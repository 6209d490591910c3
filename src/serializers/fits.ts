import type * as v from "valibot";

import type { InputOf, ReplyOf } from "../client/client_types.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { UnknownOption } from "../tasks/task_registry.ts";
import type { IdSchema, RemoteFieldOptions } from "./remote_field.ts";
import type { RowOfReply } from "./remote_output.ts";

/**
 * @ignore What the options of a remote field must be for its task: `unknown` where they fit. A request that the task does not take is
 * told at `route`, a `mergeKey` that its rows do not have at `mergeKey`.
 */
export type Fits<Id extends IdSchema, Options extends RemoteFieldOptions> = Options extends {
  readonly route: infer Task extends RPCTask;
}
  ? FitsInput<Request<Id, Options>, InputOf<Task>> & FitsRows<Options, RowOfReply<ReplyOf<Task>>>
  : unknown;

/** @ignore Refuses keys that mean nothing: the compiler alone would let them pass beside those that do. */
export type OnlyKnown<Options> = [UnknownKey<Options>] extends [never]
  ? unknown
  : { readonly [Key in UnknownKey<Options>]: UnknownOption };

type UnknownKey<Options> = Exclude<keyof Options, keyof RemoteFieldOptions>;

type FitsInput<Body, Input> = unknown extends Input
  ? unknown
  : Body extends Input
    ? unknown
    : { readonly route: { readonly "the task takes": Input; readonly "but would get": Body } };

type FitsRows<Options, Row> = [Row] extends [never]
  ? unknown
  : MergeKeys<Options> extends KeyOf<Row>
    ? unknown
    : Options extends { readonly mergeKey: readonly string[] }
      ? { readonly mergeKey: readonly KeyOf<Row>[] }
      : { readonly mergeKey: KeyOf<Row> | { readonly "the rows have": KeyOf<Row> } };

type MergeKeys<Options> = Options extends { readonly mergeKey: infer Key extends string }
  ? Key
  : Options extends { readonly mergeKey: readonly (infer Key extends string)[] }
    ? Key
    : "id";

/** The keys of every kind of row that there may be. */
type KeyOf<Row> = Row extends unknown ? keyof Row : never;

/** The body of a call. */
type Request<Id extends IdSchema, Options> = Options extends {
  readonly key: infer Key extends string;
}
  ? Readonly<Record<Key, Sent<v.InferOutput<Id>>[]>> & ParamsOf<Options> & SelectOf<Options>
  : Sent<v.InferOutput<Id>>[];

type SelectOf<Options> = Options extends { readonly select: infer Name extends string }
  ? Readonly<Record<Name, string[]>>
  : unknown;

type ParamsOf<Options> = Options extends { readonly params: infer Params }
  ? Params extends (...context: never[]) => infer Made
    ? Made
    : Params
  : unknown;

/** An id as it is sent: JSON has no bigint. */
type Sent<Id> =
  NonNullable<Id> extends infer Known ? (Known extends bigint ? number | string : Known) : never;
