import type { StandardSchemaV1 } from "@standard-schema/spec";
import type * as v from "valibot";

import type { ReplyOf } from "../client/rpc_client.ts";
import type { Schema } from "../schema.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type {
  IdSchema,
  NestedSerializer,
  RemoteFieldOptions,
  RemoteFieldSchema,
} from "./remote_field.ts";

/** A schema that a serializer can be made of. */
export type SerializerSchema = v.GenericSchema | v.GenericSchemaAsync;

/** What `serialize()` gives for one row: the schema's output. */
export type Serialized<S extends SerializerSchema> = v.InferOutput<S>;

/** A row that `serialize()` takes: the schema's input, with ids under the names that `source` says. */
export type RowOf<S extends SerializerSchema> = v.InferInput<RowSchema<S>>;

/** What `serialize()` takes in the shape of `Rows`: a map or a list of rows, anything else to iterate over, or one row. */
export type RowsFor<S extends SerializerSchema, Rows> =
  Rows extends ReadonlyMap<infer Key, unknown>
    ? ReadonlyMap<Key, RowOf<S>>
    : Rows extends readonly unknown[]
      ? readonly RowOf<S>[]
      : Rows extends Iterable<unknown>
        ? Iterable<RowOf<S>>
        : RowOf<S>;

/** What `serialize()` gives for rows in the shape of `Rows`. */
export type SerializedRows<S extends SerializerSchema, Rows> =
  Rows extends ReadonlyMap<infer Key, unknown>
    ? Map<Key, Serialized<S>>
    : Rows extends Iterable<unknown>
      ? Serialized<S>[]
      : Serialized<S>;

/** What `validate()` gives: the schema's output with ids in place of remote objects, ready to be stored. */
export type Validated<S extends SerializerSchema> = v.InferOutput<StoredSchema<S>>;

/** The output of a remote field with these options. */
export type RemoteOutput<Id extends IdSchema, Options extends RemoteFieldOptions> =
  // Editors show what was inferred; of a union alone they would show this name with its arguments.
    | ReadonlyFields<RemoteObject<Options>>
    | (Options extends { readonly onMissing: infer Missing }
        ? Missing extends "error"
          ? never
          : Missing extends "keep"
            ? v.InferOutput<Id>
            : null
        : null)
    | (Options extends { readonly onError: "null" } ? null : never)
    | Extract<v.InferOutput<Id>, null | undefined> extends infer Output
    ? Output
    : never;

/** @ignore The same as `Readonly`, shown as its fields. */
type ReadonlyFields<Row> = { readonly [Field in keyof Row]: Row[Field] };

/** @ignore A remote row as it is after the options' schema and serializer. */
type RemoteObject<Options extends RemoteFieldOptions> = Options extends {
  readonly serializer: infer Nested;
}
  ? NestedOutput<Nested>
  : Options extends { readonly schema: infer S extends Schema }
    ? StandardSchemaV1.InferOutput<S>
    : Options extends { readonly route: infer Task extends RPCTask }
      ? RowsOfReply<ReplyOf<Task>>
      : Record<string, unknown>;

type NestedOutput<Nested> = Nested extends () => infer Made
  ? NestedOutput<Made>
  : Nested extends NestedSerializer
    ? v.InferOutput<Nested["schema"]>
    : Record<string, unknown>;

type RowsOfReply<Reply> = [RowOfReply<Reply>] extends [never]
  ? Record<string, unknown>
  : RowOfReply<Reply>;

type RowOfReply<Reply> = unknown extends Reply
  ? never
  : Reply extends { readonly status: "fail" }
    ? never
    : Reply extends { readonly status: "success"; readonly data: infer Data }
      ? RowOfReply<Data>
      : Reply extends readonly (infer Row)[]
        ? Extract<Row, object>
        : never;

/**
 * @ignore The schema without its remote fields: in their place the schemas of their ids. What a pipe does after a schema that
 * holds remote fields is done to remote objects, so it is left out.
 */
type StoredSchema<S> =
  HasRemote<S> extends true
    ? S extends { readonly pipe: readonly [infer First, ...infer _Actions] }
      ? StoredSchema<First>
      : S extends RemoteFieldSchema<infer Id>
        ? Id
        : MapSchema<S, "stored">
    : S;

/** @ignore The schema of the rows: fields under the names that `source` says. */
type RowSchema<S> = S extends { readonly pipe: readonly [infer First, ...infer _Actions] }
  ? RowSchema<First>
  : S extends { readonly type: "remote_field" }
    ? S
    : MapSchema<S, "row">;

type Change = "stored" | "row";

type Apply<S, To extends Change> = AsSchema<To extends "stored" ? StoredSchema<S> : RowSchema<S>>;

/**
 * A schema with its parts changed. What has no parts, or is of a kind that holds no remote fields, stays. The
 * asynchronous kinds take synchronous parts too, and infer the same.
 */
type MapSchema<S, To extends Change> = S extends {
  readonly type: infer Kind extends keyof ObjectKinds<never, To, S>;
  readonly entries: infer Entries;
}
  ? ObjectKinds<AsEntries<MapEntries<Entries, To>>, To, S>[Kind]
  : S extends { readonly type: "array"; readonly item: infer Item }
    ? v.ArraySchemaAsync<Apply<Item, To>, undefined>
    : S extends {
          readonly type: infer Kind extends keyof WrapperKinds<never, never>;
          readonly wrapped: infer Wrapped;
        }
      ? WrapperKinds<
          Apply<Wrapped, To>,
          S extends { readonly default: infer Default } ? Default : undefined
        >[Kind]
      : AsSchema<S>;

type MapEntries<Entries, To extends Change> = To extends "stored"
  ? { readonly [Key in keyof Entries]: StoredSchema<Entries[Key]> }
  : { readonly [Key in keyof Entries as SourceOf<Entries[Key], Key>]: RowSchema<Entries[Key]> };

interface ObjectKinds<Entries extends v.ObjectEntriesAsync, To extends Change, S> {
  object: v.ObjectSchemaAsync<Entries, undefined>;
  strict_object: v.ObjectSchemaAsync<Entries, undefined>;
  // A row may be of any class, and those have no index signature.
  loose_object: To extends "stored"
    ? v.LooseObjectSchemaAsync<Entries, undefined>
    : v.ObjectSchemaAsync<Entries, undefined>;
  object_with_rest: To extends "stored"
    ? v.ObjectWithRestSchemaAsync<Entries, RestOf<S>, undefined>
    : v.ObjectSchemaAsync<Entries, undefined>;
}

type RestOf<S> = S extends { readonly rest: infer Rest } ? AsSchema<Rest> : never;

interface WrapperKinds<Wrapped extends SerializerSchema, Default> {
  optional: v.OptionalSchemaAsync<Wrapped, Extract<Default, v.DefaultAsync<Wrapped, undefined>>>;
  exact_optional: v.ExactOptionalSchemaAsync<
    Wrapped,
    Extract<Default, v.DefaultAsync<Wrapped, never>>
  >;
  nullable: v.NullableSchemaAsync<Wrapped, Extract<Default, v.DefaultAsync<Wrapped, null>>>;
  nullish: v.NullishSchemaAsync<
    Wrapped,
    Extract<Default, v.DefaultAsync<Wrapped, null | undefined>>
  >;
  undefinedable: v.UndefinedableSchemaAsync<
    Wrapped,
    Extract<Default, v.DefaultAsync<Wrapped, undefined>>
  >;
  non_optional: v.NonOptionalSchemaAsync<Wrapped, undefined>;
  non_nullable: v.NonNullableSchemaAsync<Wrapped, undefined>;
  non_nullish: v.NonNullishSchemaAsync<Wrapped, undefined>;
}

/** Whether a schema holds remote fields. */
type HasRemote<S> = S extends { readonly type: "remote_field" }
  ? true
  : S extends { readonly pipe: readonly [infer First, ...infer _Actions] }
    ? HasRemote<First>
    : S extends { readonly entries: infer Entries }
      ? true extends { [Key in keyof Entries]: HasRemote<Entries[Key]> }[keyof Entries]
        ? true
        : false
      : S extends { readonly item: infer Part } | { readonly wrapped: infer Part }
        ? HasRemote<Part>
        : false;

type SourceOf<S, Key> = S extends { readonly pipe: readonly [infer First, ...infer _Actions] }
  ? SourceOf<First, Key>
  : S extends RemoteFieldSchema<infer _Id, infer Options>
    ? Options extends { readonly source: infer Source extends string }
      ? Source
      : Key
    : S extends { readonly item: infer Part } | { readonly wrapped: infer Part }
      ? SourceOf<Part, Key>
      : Key;

// What was inferred from parts of a schema is a schema or entries again; the compiler cannot see it.
type AsSchema<S> = S extends SerializerSchema ? S : v.GenericSchema;
type AsEntries<E> = E extends v.ObjectEntriesAsync ? E : never;
