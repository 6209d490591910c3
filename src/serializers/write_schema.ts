import * as v from "valibot";

import { BgtasksError } from "../errors.ts";
import { remoteOf } from "./schema_walk.ts";
import type { VisitId } from "./remote_field.ts";
import { VISIT } from "./remote_field.ts";
import type { Dataset, PipeItemView, SchemaView } from "./valibot_schema.ts";
import {
  changeParts,
  holdsRemoteField,
  isSchemaView,
  OBJECTS,
  partsOf,
  rebuild,
  withFallback,
} from "./valibot_schema.ts";

/** Checks that see of a list how long it is, and so the same whether ids or objects are in it. */
const LENGTHS: ReadonlySet<string> = new Set([
  ...["length", "not_length", "min_length", "max_length", "empty", "non_empty"],
  ...["entries", "not_entries", "min_entries", "max_entries"],
]);

/**
 * The schema for what comes in, twice: once with ids where remote fields are, and once with remote objects. The fields of
 * both are the same ones, also those that `v.lazy` makes.
 */
export class WriteSchema {
  readonly #schema: SchemaView;
  /** What the getters of `v.lazy` gave. They are asked once: the fields of a schema made anew would be other fields. */
  readonly #made = new WeakMap<SchemaView, SchemaView>();
  #forIds: SchemaView | undefined;
  #forObjects: SchemaView | undefined;
  #skipsActions = false;

  constructor(schema: SchemaView) {
    this.#schema = schema;
  }

  /** Without what pipes do after remote fields, because that is about remote objects. */
  get forIds(): SchemaView {
    return (this.#forIds ??= new Rewriter(this, true).rewrite(this.#schema));
  }

  /** With everything; undefined when that is no more than {@link WriteSchema.forIds} has. */
  get forObjects(): SchemaView | undefined {
    // Known when the other one is made.
    void this.forIds;
    if (!this.#skipsActions) return undefined;
    return (this.#forObjects ??= new Rewriter(this, false).rewrite(this.#schema));
  }

  noteSkip(): void {
    this.#skipsActions = true;
  }

  /** The schema that `v.lazy` gives; undefined where it depends on the input. */
  unfold(schema: SchemaView): SchemaView | undefined {
    const { type, async, getter } = schema;
    if (type !== "lazy" || async || !getter || getter.length > 0) return undefined;
    let made = this.#made.get(schema);
    if (!made) this.#made.set(schema, (made = getter(undefined)));
    return made;
  }

  /** Whether a list of remote fields belongs at this path of the input. */
  isRemoteList(path: readonly (string | number)[]): boolean {
    return this.#partsAt(this.#schema, path).some((part) => remoteOf(part) !== undefined);
  }

  /** What the schema has at a path. Of a union each option is looked at. */
  #partsAt(schema: SchemaView, path: readonly (string | number)[]): SchemaView[] {
    const { pipe, type, entries, item, items, rest, value, options, wrapped } = schema;
    const [key, ...further] = path;
    const [first] = pipe ?? [];
    const same = isSchemaView(first) ? first : (wrapped ?? this.unfold(schema));
    if (same) return this.#partsAt(same, path);
    if (["union", "variant", "intersect"].includes(type) && Array.isArray(options))
      return options.filter(isSchemaView).flatMap((option) => this.#partsAt(option, path));
    if (key === undefined) return [schema];
    const part = entries?.[key] ?? items?.[Number(key)] ?? item ?? rest ?? value;
    return part ? this.#partsAt(part, further) : [];
  }

  /** Whether remote fields are somewhere in a schema, those behind `v.lazy` included. */
  holdsRemote(schema: SchemaView, depth = 0): boolean {
    if (holdsRemoteField(schema)) return true;
    // A getter may make a schema with a getter, and so on without an end.
    if (depth > MAX_UNFOLDED) return false;
    const inner = schema.pipe ? undefined : this.unfold(schema);
    return [inner, ...partsOf(schema)].some((part) => part && this.holdsRemote(part, depth + 1));
  }
}

/** How deep one looks for remote fields through schemas that `v.lazy` makes. */
const MAX_UNFOLDED = 12;

/** Makes one of the two schemas. What needs no change stays as it is. */
class Rewriter {
  readonly #write: WriteSchema;
  readonly #forIds: boolean;

  constructor(write: WriteSchema, forIds: boolean) {
    this.#write = write;
    this.#forIds = forIds;
  }

  readonly rewrite = (schema: SchemaView): SchemaView => {
    if (schema.pipe) return this.#rewritePipe(schema, schema.pipe);
    // The schemas in a remote field's options are of other rows.
    if (schema.type === "remote_field") return schema;
    if (schema.type === "lazy") return this.#rewriteLazy(schema);
    const stored = schema.entries && OBJECTS.has(schema.type) ? storedPart(schema) : schema;
    const rewritten = changeParts(stored, this.rewrite);
    if (this.#forIds && schema.type === "union" && !schema.async && this.#write.holdsRemote(schema))
      return firstThatFits(rewritten);
    return rewritten;
  };

  #rewritePipe(schema: SchemaView, [first, ...items]: readonly PipeItemView[]): SchemaView {
    if (!isSchemaView(first)) return schema;
    const rewritten = this.rewrite(first);
    if (this.#forIds && this.#write.holdsRemote(first)) {
      const change = items.findIndex(({ kind }) => kind === "schema" || kind === "transformation");
      const lengths = items
        .slice(0, change === -1 ? items.length : change)
        .filter(({ type }) => LENGTHS.has(type));
      if (items.some((item) => item.kind !== "metadata" && !lengths.includes(item)))
        this.#write.noteSkip();
      return lengths.length > 0 ? checkLengthFirst(rewritten, lengths) : rewritten;
    }
    const rest = items.map((item) => (isSchemaView(item) ? this.rewrite(item) : item));
    if (rewritten === first && rest.every((item, index) => item === items[index])) return schema;
    const pipe = schema.async ? v.pipeAsync : v.pipe;
    const made = (pipe as unknown as SchemaView["reference"])(rewritten, ...rest);
    // A pipe has the fallback of its first schema for its own, unless one was put around it.
    return schema.fallback === first.fallback ? made : withFallback(made, schema.fallback);
  }

  #rewriteLazy(schema: SchemaView): SchemaView {
    const { async, getter } = schema;
    if (async || !getter) return schema;
    const rewritten = new WeakMap<SchemaView, SchemaView>();
    return rebuild(schema, {
      getter: (input) => {
        const made = this.#write.unfold(schema) ?? getter(input);
        let known = rewritten.get(made);
        if (!known) rewritten.set(made, (known = this.rewrite(made)));
        return known;
      },
    });
  }
}

/** An object without the fields that nobody stores, such as the many rows that hold its id. */
function storedPart(schema: SchemaView): SchemaView {
  const { entries = {} } = schema;
  if (Object.hasOwn(entries, "__proto__")) {
    // valibot assigns it, and makes the input the prototype of the output.
    throw new BgtasksError(
      "invalid_serializer",
      'Cannot validate() by a schema with the field "__proto__": use another name, with `source`',
    );
  }
  const dropped = Object.keys(entries).filter((name) => isReadOnly(entries[name]));
  if (dropped.length === 0) return schema;
  const kept = Object.entries(entries).filter(([name]) => !dropped.includes(name));
  const stored = rebuild(schema, { entries: Object.fromEntries(kept) });
  return {
    ...stored,
    "~run": (dataset, config) => {
      const { value } = dataset;
      if (!isObject(value)) return stored["~run"](dataset, config);
      const given = Object.entries(value).filter(([name]) => !dropped.includes(name));
      return stored["~run"]({ value: Object.fromEntries(given) }, config);
    },
  };
}

function isReadOnly(schema: SchemaView | undefined): boolean {
  const { many, readOnly } = (schema && remoteOf(schema)?.options) ?? {};
  return many === true || readOnly === true;
}

/**
 * Looks at how long a list is before it looks into it: nobody is asked for the ids of a list that is too long, were they a
 * million.
 */
function checkLengthFirst(schema: SchemaView, lengths: readonly PipeItemView[]): SchemaView {
  return {
    ...schema,
    "~run": (dataset, config) => {
      if (!isObject(dataset.value)) return schema["~run"](dataset, config);
      const checked: Dataset = { typed: true, value: dataset.value };
      for (const check of lengths) void check["~run"](checked, config);
      return checked.issues ? { ...checked, typed: false } : schema["~run"](dataset, config);
    },
  };
}

/** A union that takes ids of the option that fits alone: those of others are not asked for. */
function firstThatFits(union: SchemaView): SchemaView {
  return {
    ...union,
    "~run": (dataset, config) => {
      const quiet: object = { ...config, [VISIT]: ((_, id) => ({ value: id })) satisfies VisitId };
      const quietly = quiet as typeof config;
      for (const option of (union.options ?? []) as readonly SchemaView[]) {
        const { issues } = option["~run"]({ value: dataset.value }, quietly) as Dataset;
        if (!issues) return option["~run"](dataset, config);
      }
      return union["~run"](dataset, quietly);
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
