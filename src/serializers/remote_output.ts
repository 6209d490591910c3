import type { StandardSchemaV1 } from "@standard-schema/spec";
import type * as v from "valibot";

import type { ReplyOf } from "../client/client_types.ts";
import type { Schema } from "../schema/schema.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { Frozen } from "./frozen.ts";
import type { IdSchema, NestedSerializer, RemoteFieldOptions } from "./remote_field.ts";

/** The output of a remote field with these options. */
export type RemoteOutput<Id extends IdSchema, Options extends RemoteFieldOptions> =
  // Editors show what was inferred; else they would show this name with its arguments.
  OutputOf<Id, Options, RemoteObject<Options>> extends infer Output ? Output : never;

/** @ignore The output of a remote field whose rows are `Row`. */
export type OutputOf<
  Id extends IdSchema,
  Options extends RemoteFieldOptions,
  Row,
> = Options extends {
  readonly many: true;
}
  ? readonly Frozen<Row>[] | NullOnError<Options>
  :
      | Frozen<Row>
      | (Options extends { readonly onMissing: infer Missing }
          ? Missing extends "error"
            ? never
            : Missing extends "keep"
              ? v.InferOutput<Id>
              : null
          : null)
      | NullOnError<Options>
      | Extract<v.InferOutput<Id>, null | undefined>;

type NullOnError<Options> = Options extends { readonly onError: "null" } ? null : never;

/** @ignore A remote row as it is after the options' schema and serializer. */
type RemoteObject<Options extends RemoteFieldOptions> = Options extends {
  readonly serializer: infer Nested;
}
  ? NestedOutput<Nested>
  : PlainObject<Options>;

/** @ignore A remote row as the route or the field's `schema` says it is. */
export type PlainObject<Options extends RemoteFieldOptions> = Options extends {
  readonly schema: infer S extends Schema;
}
  ? StandardSchemaV1.InferOutput<S>
  : Options extends { readonly route: infer Task extends RPCTask }
    ? RowsOfReply<ReplyOf<Task>>
    : Record<string, unknown>;

/** @ignore The schema of the rows that a field's serializer represents. */
export type NestedSchema<Options> = Options extends { readonly serializer: infer Nested }
  ? Nested extends () => infer Made
    ? NestedSchema<{ readonly serializer: Made }>
    : Nested extends NestedSerializer
      ? Nested["schema"]
      : never
  : never;

type NestedOutput<Nested> = Nested extends () => infer Made
  ? NestedOutput<Made>
  : Nested extends NestedSerializer
    ? v.InferOutput<Nested["schema"]>
    : Record<string, unknown>;

type RowsOfReply<Reply> = [RowOfReply<Reply>] extends [never]
  ? Record<string, unknown>
  : RowOfReply<Reply>;

/** @ignore The rows in a reply of a task; never where they are not known. */
export type RowOfReply<Reply> = unknown extends Reply
  ? never
  : Reply extends { readonly status: "fail" }
    ? never
    : Reply extends { readonly status: "success"; readonly data: infer Data }
      ? RowOfReply<Data>
      : Reply extends readonly (infer Row)[]
        ? Extract<Row, object>
        : never;
