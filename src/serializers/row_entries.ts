import type * as v from "valibot";

import type { RowSchema } from "./changed_schema.ts";
import type { AsSchema, OptionsOf } from "./schema_parts.ts";

/** @ignore What a row must have for these entries of an object: fields under the names that `source` says. */
export type RowEntries<Entries> = {
  readonly [Key in keyof Entries as Attribute<SourceOf<Entries[Key], Key>>]: RowSchema<
    Entries[Key]
  >;
} & FurtherEntries<Entries>;

/** The source that a field's pipe or options say; its own name without. */
type SourceOf<S, Key> = [SaidIn<S>] extends [never]
  ? [OptionsOf<S>] extends [never]
    ? Key
    : OptionsOf<S> extends { readonly source: infer Source extends string | readonly string[] }
      ? Source
      : Key
  : SaidIn<S>;

/** What a `source()` in the pipe of a schema says, in lists and wrappers or without. */
type SaidIn<S> = S extends { readonly pipe: readonly [infer First, ...infer Actions] }
  ? Extract<Actions[number], { readonly type: "source" }> extends infer Action
    ? [Action] extends [never]
      ? SaidIn<First>
      : Action extends { readonly source: infer Name extends string }
        ? Name
        : never
    : never
  : S extends { readonly item: infer Part } | { readonly wrapped: infer Part }
    ? SaidIn<Part>
    : never;

/** A source that is an attribute of the row itself; never for paths and lists. */
type Attribute<Source> = Source extends `${string}.${string}` | readonly string[]
  ? never
  : Source extends PropertyKey
    ? Source
    : never;

/** The attributes that paths, and the parts of ids, begin with. */
type FurtherEntries<Entries> = [FurtherHeads<Entries>] extends [never]
  ? unknown
  : {
      readonly [Head in FurtherHeads<Entries>]: v.GenericSchema<HeldAt<Entries, Head>>;
    };

type FurtherHeads<Entries> = {
  [Key in keyof Entries]: HeadOf<SourceOf<Entries[Key], Key>>;
}[keyof Entries];

type HeadOf<Source> = Source extends readonly (infer Path)[]
  ? HeadOf<Begun<Path>>
  : Source extends `${infer Head}.${string}`
    ? Head
    : never;

/** What all entries together want of one attribute. Functions, because of their parameters the intersection is inferred. */
type HeldAt<Entries, Head> = {
  [Key in keyof Entries]: Wanted<
    SourceOf<Entries[Key], Key>,
    Head,
    v.InferInput<AsSchema<RowSchema<Entries[Key]>>>,
    OptionsOf<Entries[Key]>
  >;
}[keyof Entries] extends infer Takers
  ? [Takers] extends [(held: infer Held) => void]
    ? Held
    : never
  : never;

type Wanted<Source, Head, Input, Options> = Source extends readonly [...infer Paths]
  ? {
      [Index in keyof Paths]: Wanted<
        Begun<Paths[Index]>,
        Head,
        PartAt<Input, Options, Index>,
        never
      >;
    }[number]
  : Source extends `${infer First}.${infer Rest}`
    ? First extends Head
      ? (held: Inner<Rest, Input>) => void
      : never
    : never;

/** A path with an end of its own, so that an attribute alone is one, too. */
type Begun<Path> = Path extends `${string}.${string}`
  ? Path
  : Path extends string
    ? `${Path}.`
    : never;

/** The object, or objects in objects, that a path leads through; without it the field is null or left out. */
type Inner<Path extends string, Input> = Path extends ""
  ? Input
  :
      | (Path extends `${infer First}.${infer Rest}`
          ? { readonly [Key in First]: Inner<Rest, Input> }
          : { readonly [Key in Path]: Input })
      | Extract<Input, null | undefined>;

/** The part of an id for which an attribute stands. */
type PartAt<Input, Options, Index> = Options extends { readonly mergeKey: infer Names }
  ? Index extends keyof Names
    ? Names[Index] extends infer Name extends string
      ? PartNamed<Input, Name>
      : never
    : never
  : never;

type PartNamed<Input, Name extends string> = Input extends null | undefined
  ? Input
  : Input extends { readonly [Key in Name]: infer Part }
    ? Part
    : unknown;
