import type * as v from "valibot";

import type {
  IncludedSchema,
  Including,
  RowSchema,
  SettledSchema,
  StoredSchema,
} from "./changed_schema.ts";
import type { NestedSchema } from "./remote_output.ts";
import type { RemoteFieldSchema } from "./remote_field.ts";
import type { AsSchema, SerializerSchema } from "./schema_parts.ts";

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
