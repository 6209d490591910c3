import type * as v from "valibot";

import type { IdSchema, RemoteFieldOptions, RemoteFieldSchema } from "./remote_field.ts";
import type { NestedSchema, OutputOf, PlainObject } from "./remote_output.ts";
import type { RowEntries } from "./row_entries.ts";
import type {
  AsEntries,
  AsSchema,
  HasRemote,
  IsMany,
  IsReadOnly,
  SerializerSchema,
} from "./schema_parts.ts";

/**
 * @ignore The schema without its remote fields: in their place the schemas of their ids. What a pipe does after a schema that
 * holds remote fields is done to remote objects, so it is left out.
 */
export type StoredSchema<S> =
  HasRemote<S> extends true
    ? S extends { readonly pipe: readonly [infer First, ...infer _Actions] }
      ? StoredSchema<First>
      : S extends RemoteFieldSchema<infer Id>
        ? Id
        : MapSchema<S, "stored">
    : S;

/** @ignore The schema of the rows: fields under the names that `source` says. */
export type RowSchema<S> = S extends { readonly pipe: readonly [infer First, ...infer Actions] }
  ? First extends { readonly type: "array" }
    ? RowList<First, Extract<Actions[number], { readonly type: "readonly" }>>
    : RowSchema<First>
  : S extends { readonly type: "array" }
    ? RowList<S>
    : S extends { readonly type: "remote_field" }
      ? S
      : MapSchema<S, "row">;

/** A list in a row. It may be read-only, unless it comes out as it is and may be written to by its type. */
type RowList<S, Action = never> = true extends
  | HasRemote<S>
  | ([Action] extends [never] ? false : true)
  ? v.GenericSchema<Readonly<v.InferInput<MapSchema<S, "row">>>>
  : MapSchema<S, "row">;

/** @ignore The schema whose remote fields may all be null, and what pipes make of them. */
export type SettledSchema<S> =
  HasRemote<S> extends true
    ? S extends { readonly pipe: readonly unknown[] }
      ? v.NullableSchemaAsync<AsSchema<S>, undefined>
      : S extends RemoteFieldSchema<infer Id, infer Options>
        ? v.GenericSchema<
            v.InferInput<Id>,
            RelatedOutput<Id, Options, SettledSchema<NestedSchema<Options>>> | null
          >
        : MapSchema<S, "settled">
    : S;

/** What is in a remote field's place, where its nested serializer has this schema. */
type RelatedOutput<Id extends IdSchema, Options extends RemoteFieldOptions, Nested> = OutputOf<
  Id,
  Options,
  [NestedSchema<Options>] extends [never] ? PlainObject<Options> : v.InferOutput<AsSchema<Nested>>
>;

/** @ignore Which relations are wanted, and where the schema is. */
export interface Including<Paths extends string, At extends string> {
  readonly paths: Paths;
  readonly at: At;
}

/** @ignore The schema with ids where remote fields are that are not included. */
export type IncludedSchema<S, To extends Including<string, string>> =
  HasRemote<S> extends true
    ? S extends RemoteFieldSchema<infer Id, infer Options>
      ? IsIncluded<To> extends true
        ? v.GenericSchema<
            v.InferInput<Id>,
            RelatedOutput<
              Id,
              Options,
              IncludedSchema<NestedSchema<Options>, Including<Below<To>, "">>
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
    : S extends {
          readonly type: infer Kind extends keyof TupleKinds<never, never>;
          readonly items: infer Parts extends readonly unknown[];
        }
      ? TupleKinds<MapParts<Parts, To>, RestOf<S, To>>[Kind]
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
      : RowEntries<Entries>;

type Join<At extends string, Key> = Key extends string
  ? At extends ""
    ? Key
    : `${At}.${Key}`
  : never;

/** Many rows have no id that could stand in for them. */
type IsLeftOut<S, To extends Including<string, string>> =
  IsMany<S> extends true ? (IsIncluded<To> extends true ? false : true) : false;

interface ObjectKinds<Entries extends v.ObjectEntriesAsync, To extends Change, S> {
  object: v.ObjectSchemaAsync<Entries, undefined>;
  strict_object: v.ObjectSchemaAsync<Entries, undefined>;
  // A row may be of any class, and those have no index signature.
  loose_object: To extends "stored"
    ? v.LooseObjectSchemaAsync<Entries, undefined>
    : v.ObjectSchemaAsync<Entries, undefined>;
  object_with_rest: To extends "stored"
    ? v.ObjectWithRestSchemaAsync<Entries, RestOf<S, To>, undefined>
    : v.ObjectSchemaAsync<Entries, undefined>;
}

interface TupleKinds<Items extends v.TupleItemsAsync, Rest extends SerializerSchema> {
  tuple: v.TupleSchemaAsync<Items, undefined>;
  strict_tuple: v.StrictTupleSchemaAsync<Items, undefined>;
  loose_tuple: v.LooseTupleSchemaAsync<Items, undefined>;
  tuple_with_rest: v.TupleWithRestSchemaAsync<Items, Rest, undefined>;
}

/** What the rest of an object or a tuple is. Objects cannot have remote fields there. */
type RestOf<S, To extends Change> = S extends { readonly rest: infer Rest }
  ? Apply<Rest, To>
  : never;

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
