import * as v from "valibot";

import { nameType } from "./messages.ts";

/**
 * Structural view of a valibot schema, for code that walks one: `type` decides which members are set.
 * https://valibot.dev/guides/internal-architecture/
 */
export interface SchemaView {
  readonly kind: "schema";
  readonly type: string;
  readonly expects: string;
  readonly async: boolean;
  /** Makes a schema of this type, from its parts and a message or default. */
  readonly reference: (...parts: readonly unknown[]) => SchemaView;
  readonly message?: unknown;
  readonly default?: unknown;
  readonly fallback?: unknown;
  readonly entries?: Readonly<Record<string, SchemaView>>;
  readonly rest?: SchemaView;
  readonly item?: SchemaView;
  readonly items?: readonly SchemaView[];
  readonly wrapped?: SchemaView;
  readonly key?: SchemaView | string;
  readonly value?: SchemaView;
  /** Schemas of a union, values of a picklist. */
  readonly options?: unknown;
  readonly getter?: (input: unknown) => SchemaView;
  readonly pipe?: readonly PipeItemView[];
  readonly "~run": RunView;
}

/** A part of a pipe. */
export interface PipeItemView {
  readonly kind: "schema" | "validation" | "transformation" | "metadata";
  readonly type: string;
  readonly async: boolean;
  readonly "~run": RunView;
}

type RunView = (
  dataset: Dataset,
  config: v.Config<v.BaseIssue<unknown>>,
) => Dataset | Promise<Dataset>;

/** A value on its way through a schema. */
export interface Dataset {
  typed?: boolean;
  value: unknown;
  issues?: v.BaseIssue<unknown>[] | undefined;
}

/** The view of a schema. */
export function viewSchema(schema: v.GenericSchema | v.GenericSchemaAsync): SchemaView {
  return schema as unknown as SchemaView;
}

export function isSchemaView(value: unknown): value is SchemaView {
  return (
    typeof value === "object" && value !== null && (value as Partial<SchemaView>).kind === "schema"
  );
}

/** Whether a value is a schema of valibot before 1.0, whose schemas have no `~run`. */
export function isOfOldValibot(value: unknown): boolean {
  return isSchemaView(value) && typeof value["~run"] !== "function";
}

/** Types of schemas that wrap another one and give null or undefined a meaning of their own. */
export const WRAPPERS: ReadonlySet<string> = new Set([
  "optional",
  "exact_optional",
  "nullable",
  "nullish",
  "undefinedable",
  "non_optional",
  "non_nullable",
  "non_nullish",
]);

/** Types of schemas with entries. */
export const OBJECTS: ReadonlySet<string> = new Set([
  "object",
  "loose_object",
  "strict_object",
  "object_with_rest",
]);

/** Types of schemas with items, each of its own schema. */
export const TUPLES: ReadonlySet<string> = new Set([
  "tuple",
  "loose_tuple",
  "strict_tuple",
  "tuple_with_rest",
]);

/** Types of schemas that give back what they take when all of their parts do. */
const KEEPS_PARTS: ReadonlySet<string> = new Set([
  ...["array", "union", "record", "map", "set", "loose_tuple", "strict_tuple", "tuple_with_rest"],
]);

/** Wrappers that let an object go without the field. */
const MAY_BE_ABSENT: ReadonlySet<string> = new Set(["optional", "exact_optional", "nullish"]);

/** Types of schemas of what is not an object, but for those that list their values. */
export const PRIMITIVES: readonly string[] = [
  ...["string", "number", "bigint", "boolean", "symbol", "date", "nan"],
  ...["null", "undefined", "void"],
];

/** Types of schemas and actions that give back what they take, if they take it. */
const KEEPS_VALUE: ReadonlySet<string> = new Set([
  ...["any", "unknown", ...PRIMITIVES],
  ...["literal", "picklist", "enum", "custom", "instance", "blob", "file", "function", "promise"],
  ...["brand", "flavor", "guard", "readonly"],
]);

export function mayBeAbsent(schema: SchemaView): boolean {
  return MAY_BE_ABSENT.has(schema.type);
}

/** Whether a schema only checks, so that what comes out is what went in. */
export function keepsValue(schema: SchemaView): boolean {
  if (schema.fallback !== undefined || schema.default !== undefined) return false;
  if (schema.pipe)
    return schema.pipe.every((item) => (isSchemaView(item) ? keepsValue(item) : onlyChecks(item)));
  if (KEEPS_VALUE.has(schema.type)) return true;
  if (WRAPPERS.has(schema.type) && schema.wrapped) return keepsValue(schema.wrapped);
  return KEEPS_PARTS.has(schema.type) && partsOf(schema).every(keepsValue);
}

/** Whether an action of a pipe gives back what it takes; some transformations change no more than the type. */
export function onlyChecks({ kind, type }: PipeItemView): boolean {
  return kind === "validation" || kind === "metadata" || KEEPS_VALUE.has(type);
}

/** Whether remote fields are somewhere in a schema. What `v.lazy` returns is not known before it is asked for. */
export function holdsRemoteField(schema: SchemaView): boolean {
  if (schema.type === "remote_field") return true;
  return partsOf(schema).some(holdsRemoteField);
}

/** Whether `v.lazy` is somewhere in a schema. */
export function holdsLazy(schema: SchemaView): boolean {
  return schema.type === "lazy" || partsOf(schema).some(holdsLazy);
}

/**
 * Makes a schema of the same type with other parts. What `v.config()` and `v.message()` said of the old one is lost, because
 * they keep it in a closure.
 */
export function rebuild(schema: SchemaView, changes: Partial<SchemaView>): SchemaView {
  const changed = { ...schema, ...changes };
  const made = schema.reference(...argumentsOf(changed));
  return schema.fallback === undefined ? made : withFallback(made, schema.fallback);
}

export function withFallback(schema: SchemaView, fallback: unknown): SchemaView {
  const wrap = schema.async ? v.fallbackAsync : v.fallback;
  return (wrap as unknown as SchemaView["reference"])(schema, fallback);
}

/** What makes a schema of this type. */
function argumentsOf(schema: SchemaView): readonly unknown[] {
  const { type, entries, rest, item, items, wrapped, key, value, options, getter, message } =
    schema;
  if (type === "lazy") return [getter];
  if (wrapped) return [wrapped, type.startsWith("non_") ? message : schema.default];
  if (type === "variant") return [key, options, message];
  if (type === "record" || type === "map") return [key, value, message];
  const parts = [entries, item, items, value, options].filter((part) => part !== undefined);
  return [...parts, ...(rest ? [rest] : []), message];
}

/** The same schema with other parts in place of those that `change` changes; itself when there are none. */
export function changeParts(
  schema: SchemaView,
  change: (part: SchemaView) => SchemaView,
): SchemaView {
  const changes: Record<string, unknown> = {};
  for (const name of [
    "entries",
    "rest",
    "item",
    "items",
    "wrapped",
    "key",
    "value",
    "options",
  ] as const) {
    const part: unknown = schema[name];
    const changed = changePart(part, change);
    if (changed !== part) changes[name] = changed;
  }
  return Object.keys(changes).length > 0 ? rebuild(schema, changes) : schema;
}

/** A part that is a schema, or a list or an object of schemas. */
function changePart(part: unknown, change: (part: SchemaView) => SchemaView): unknown {
  if (isSchemaView(part)) return change(part);
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).map(
    ([name, inner]) => [name, changePart(inner, change)] as const,
  );
  if (entries.every(([name, inner]) => inner === (part as Record<string, unknown>)[name]))
    return part;
  return Array.isArray(part) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

export function partsOf({
  pipe,
  entries,
  rest,
  item,
  items,
  wrapped,
  key,
  value,
  options,
}: SchemaView): SchemaView[] {
  const lists = [pipe, entries && Object.values(entries), items, options].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
  return [...lists, rest, item, wrapped, key, value].filter(isSchemaView);
}

/** An issue as valibot's own schemas report it. */
export function toIssue<const Type extends string>(
  schema: { readonly type: Type; readonly expects: string },
  input: unknown,
  message: string,
  config: v.Config<v.BaseIssue<unknown>>,
): v.BaseIssue<unknown> & { readonly kind: "schema"; readonly type: Type } {
  return {
    kind: "schema",
    type: schema.type,
    input,
    expected: schema.expects,
    received: nameType(input),
    message,
    requirement: undefined,
    path: undefined,
    issues: undefined,
    lang: config.lang,
    abortEarly: config.abortEarly,
    abortPipeEarly: config.abortPipeEarly,
  };
}
