import type { StandardSchemaV1 } from "@standard-schema/spec";
import type * as v from "valibot";

import type { ReplyOf } from "../client/rpc_client.ts";
import type { Schema } from "../schema.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { Frozen } from "./frozen.ts";
import type {
  IdSchema,
  NestedSerializer,
  RemoteFieldOptions,
  RemoteFieldSchema,
} from "./remote_field.ts";

/** A schema that a serializer can be made of. */
export type SerializerSchema = v.GenericSchema | v.GenericSchemaAsync;

/**
 * What `serialize()` gives for one row: the schema's output. With the relations that were included, ids in the place of all
 * others.
 */
export type Serialized<
  S extends SerializerSchema,
  Include extends readonly string[] | undefined = undefined,
> = Include extends readonly string[]
  ? v.InferOutput<AsSchema<IncludedSchema<S, Including<Include[number], "">>>>
  : v.InferOutput<S>;

/** What `settle()` gives for one row: as {@link Serialized}, but whatever needs a remote object may be null. */
export type Settled<S extends SerializerSchema> = v.InferOutput<AsSchema<SettledSchema<S>>>;

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
export type SerializedRows<
  S extends SerializerSchema,
  Rows,
  Include extends readonly string[] | undefined = undefined,
> =
  Rows extends ReadonlyMap<infer Key, unknown>
    ? Map<Key, Serialized<S, Include>>
    : Rows extends Iterable<unknown>
      ? Serialized<S, Include>[]
      : Serialized<S, Include>;

/** What `validate()` gives: the schema's output with ids in place of remote objects, ready to be stored. */
export type Validated<S extends SerializerSchema> = v.InferOutput<StoredSchema<S>>;

/**
 * What `serialize()` needs to know beside the rows: what functions in `params` take, of all fields together. `unknown` where
 * there are none.
 */
export type ContextOf<S extends SerializerSchema> = [Takers<S>] extends [never]
  ? unknown
  : Takers<S> extends (context: infer Context) => void
    ? Context
    : never;

/** @ignore For each function in `params` one of its context; of a union of these the intersection is inferred. */
type Takers<S> =
  S extends RemoteFieldSchema<infer _Id, infer Options>
    ?
        | (Options extends { readonly params: (context: infer Context) => unknown }
            ? (context: Context) => void
            : never)
        | ([NestedSchema<Options>] extends [never] ? never : Takers<NestedSchema<Options>>)
    : S extends { readonly pipe: readonly [infer First, ...infer _Actions] }
      ? Takers<First>
      : S extends { readonly entries: infer Entries }
        ? { [Key in keyof Entries]: Takers<Entries[Key]> }[keyof Entries]
        : S extends { readonly item: infer Part } | { readonly wrapped: infer Part }
          ? Takers<Part>
          : S extends { readonly options: infer Parts extends readonly unknown[] }
            ? Takers<Parts[number]>
            : never;

/** The output of a remote field with these options. */
export type RemoteOutput<Id extends IdSchema, Options extends RemoteFieldOptions> =
  // Editors show what was inferred; else they would show this name with its arguments.
  OutputOf<Id, Options, RemoteObject<Options>> extends infer Output ? Output : never;

/** @ignore The output of a remote field whose rows are `Row`. */
type OutputOf<Id extends IdSchema, Options extends RemoteFieldOptions, Row> = Options extends {
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

type PlainObject<Options extends RemoteFieldOptions> = Options extends {
  readonly schema: infer S extends Schema;
}
  ? StandardSchemaV1.InferOutput<S>
  : Options extends { readonly route: infer Task extends RPCTask }
    ? RowsOfReply<ReplyOf<Task>>
    : Record<string, unknown>;

/** @ignore The schema of the rows that a field's serializer represents. */
type NestedSchema<Options> = Options extends { readonly serializer: infer Nested }
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

/** @ignore The schema whose remote fields may all be null, and what pipes make of them. */
type SettledSchema<S> =
  HasRemote<S> extends true
    ? S extends { readonly pipe: readonly unknown[] }
      ? v.NullableSchemaAsync<AsSchema<S>, undefined>
      : S extends RemoteFieldSchema<infer Id, infer Options>
        ? v.GenericSchema<
            v.InferInput<Id>,
            OutputOf<
              Id,
              Options,
              [NestedSchema<Options>] extends [never]
                ? PlainObject<Options>
                : v.InferOutput<AsSchema<SettledSchema<NestedSchema<Options>>>>
            > | null
          >
        : MapSchema<S, "settled">
    : S;

/** @ignore Which relations are wanted, and where the schema is. */
interface Including<Paths extends string, At extends string> {
  readonly paths: Paths;
  readonly at: At;
}

/** @ignore The schema with ids where remote fields are that are not included. */
type IncludedSchema<S, To extends Including<string, string>> =
  HasRemote<S> extends true
    ? S extends RemoteFieldSchema<infer Id, infer Options>
      ? IsIncluded<To> extends true
        ? v.GenericSchema<
            v.InferInput<Id>,
            OutputOf<
              Id,
              Options,
              [NestedSchema<Options>] extends [never]
                ? PlainObject<Options>
                : v.InferOutput<
                    AsSchema<IncludedSchema<NestedSchema<Options>, Including<Below<To>, "">>>
                  >
            >
          >
        : Id
      : S extends { readonly pipe: readonly [infer First, ...infer _Actions] }
        ? IsIncluded<To> extends true
          ? S
          : IncludedSchema<First, To>
        : MapSchema<S, To>
    : S;

type IsIncluded<To extends Including<string, string>> =
  Extract<To["paths"], To["at"] | `${To["at"]}.${string}`> extends never ? false : true;

/** What is included of the rows of a relation. */
type Below<To extends Including<string, string>> = To["paths"] extends infer Path
  ? Path extends `${To["at"]}.${infer Inner}`
    ? Inner
    : never
  : never;

type Change = "stored" | "row" | "settled" | Including<string, string>;

type Apply<S, To extends Change> = AsSchema<
  To extends "stored"
    ? StoredSchema<S>
    : To extends "row"
      ? RowSchema<S>
      : To extends Including<string, string>
        ? IncludedSchema<S, To>
        : SettledSchema<S>
>;

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
      : MapContainer<S, To>;

/** Of a variant nothing but what its options give is of interest here: that of a union is the same. */
type MapContainer<S, To extends Change> = S extends {
  readonly type: "variant" | "union";
  readonly options: infer Parts extends readonly unknown[];
}
  ? v.UnionSchemaAsync<MapParts<Parts, To>, undefined>
  : S extends {
        readonly type: "intersect";
        readonly options: infer Parts extends readonly unknown[];
      }
    ? v.IntersectSchemaAsync<MapParts<Parts, To>, undefined>
    : S extends { readonly type: "tuple"; readonly items: infer Parts extends readonly unknown[] }
      ? v.TupleSchemaAsync<MapParts<Parts, To>, undefined>
      : S extends { readonly type: "record"; readonly key: infer Key; readonly value: infer Value }
        ? v.RecordSchemaAsync<AsKey<Key>, Apply<Value, To>, undefined>
        : AsSchema<S>;

type MapParts<Parts extends readonly unknown[], To extends Change> = {
  [Index in keyof Parts]: Apply<Parts[Index], To>;
};

type AsKey<S> =
  S extends v.BaseSchema<string, string | number | symbol, v.BaseIssue<unknown>>
    ? S
    : v.StringSchema<undefined>;

type MapEntries<Entries, To extends Change> = To extends "stored"
  ? {
      readonly [
        Key in keyof Entries as IsReadOnly<Entries[Key]> extends true ? never : Key
      ]: StoredSchema<Entries[Key]>;
    }
  : To extends "settled"
    ? { readonly [Key in keyof Entries]: SettledSchema<Entries[Key]> }
    : To extends Including<infer Paths, infer At>
      ? {
          readonly [
            Key in keyof Entries as IsLeftOut<
              Entries[Key],
              Including<Paths, Join<At, Key>>
            > extends true
              ? never
              : Key
          ]: IncludedSchema<Entries[Key], Including<Paths, Join<At, Key>>>;
        }
      : { readonly [Key in keyof Entries as SourceOf<Entries[Key], Key>]: RowSchema<Entries[Key]> };

type Join<At extends string, Key> = Key extends string
  ? At extends ""
    ? Key
    : `${At}.${Key}`
  : never;

/** The options of the remote field that a schema is, in lists and wrappers or without. */
type OptionsOf<S> = S extends { readonly pipe: readonly [infer First, ...infer _Actions] }
  ? OptionsOf<First>
  : S extends RemoteFieldSchema<infer _Id, infer Options>
    ? Options
    : S extends { readonly item: infer Part } | { readonly wrapped: infer Part }
      ? OptionsOf<Part>
      : never;

type IsMany<S> = [OptionsOf<S>] extends [never]
  ? false
  : OptionsOf<S> extends { readonly many: true }
    ? true
    : false;

/** Many rows have no id that could stand in for them. */
type IsLeftOut<S, To extends Including<string, string>> =
  IsMany<S> extends true ? (IsIncluded<To> extends true ? false : true) : false;

type IsReadOnly<S> = [OptionsOf<S>] extends [never]
  ? false
  : OptionsOf<S> extends { readonly many: true } | { readonly readOnly: true }
    ? true
    : false;

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
      : S extends
            | { readonly item: infer Part }
            | { readonly wrapped: infer Part }
            | { readonly type: "record"; readonly value: infer Part }
        ? HasRemote<Part>
        : S extends
              | { readonly options: infer Parts extends readonly unknown[] }
              | { readonly items: infer Parts extends readonly unknown[] }
          ? true extends HasRemote<Parts[number]>
            ? true
            : false
          : false;

type SourceOf<S, Key> = [OptionsOf<S>] extends [never]
  ? Key
  : OptionsOf<S> extends { readonly source: infer Source extends string }
    ? Source
    : Key;

/** @ignore What was inferred from parts of a schema is a schema or entries again; the compiler cannot see it. */
type AsSchema<S> = S extends SerializerSchema ? S : v.GenericSchema;
type AsEntries<E> = E extends v.ObjectEntriesAsync ? E : never;
