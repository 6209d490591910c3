import type * as v from "valibot";

import type { RemoteFieldSchema } from "./remote_field.ts";

/** A schema that a serializer can be made of. */
export type SerializerSchema = v.GenericSchema | v.GenericSchemaAsync;

/** @ignore The options of the remote field that a schema is, in lists and wrappers or without. */
export type OptionsOf<S> = S extends { readonly pipe: readonly [infer First, ...infer _Actions] }
  ? OptionsOf<First>
  : S extends RemoteFieldSchema<infer _Id, infer Options>
    ? Options
    : S extends { readonly item: infer Part } | { readonly wrapped: infer Part }
      ? OptionsOf<Part>
      : never;

/** @ignore Whether it is a field of many rows. */
export type IsMany<S> = [OptionsOf<S>] extends [never]
  ? false
  : OptionsOf<S> extends { readonly many: true }
    ? true
    : false;

/** @ignore Whether `validate()` leaves it out. */
export type IsReadOnly<S> = [OptionsOf<S>] extends [never]
  ? false
  : OptionsOf<S> extends { readonly many: true } | { readonly readOnly: true }
    ? true
    : false;

/** @ignore Whether a schema holds remote fields. */
export type HasRemote<S> = S extends { readonly type: "remote_field" }
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
          ? true extends HasRemote<Parts[number]> | HasRemote<RestOf<S>>
            ? true
            : false
          : false;

/** @ignore What was inferred from parts of a schema is a schema or entries again; the compiler cannot see it. */
export type AsSchema<S> = S extends SerializerSchema ? S : v.GenericSchema;
/** @ignore As {@link AsSchema}, of entries. */
export type AsEntries<E> = E extends v.ObjectEntriesAsync ? E : never;

type RestOf<S> = S extends { readonly rest: infer Rest } ? Rest : never;
