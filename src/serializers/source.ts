import type * as v from "valibot";

import { hasField, readField, writeField } from "../rows/fields.ts";
import type { FieldPlan } from "./plan.ts";
import type { PipeItemView } from "./valibot_schema.ts";

/** What {@link source} makes. */
export interface SourceAction<Input, Name extends string> extends v.BaseMetadata<Input> {
  /** What tells it from other metadata. */
  readonly type: "source";
  /** What made it. */
  readonly reference: typeof source;
  /** The attribute of the row, or a path to one of an inner object. */
  readonly source: Name;
}

/**
 * Says in a pipe which attribute of a row a field is made of, where the two have different names. `"profile.name"` is an
 * attribute of an inner object, and null where there is no such object. Remote fields have an option of this name.
 *
 * Counts for rows that are represented. What comes in, and so what `validate()` gives, goes by the names of the fields.
 *
 * @example
 * ```ts
 * import * as v from "valibot";
 * import { serializer, source } from "bgtasks";
 *
 * const UserSerializer = serializer(
 *   v.object({
 *     name: v.pipe(v.string(), source("user_name")),
 *     city: v.nullable(v.pipe(v.string(), source("address.city"))),
 *   }),
 * );
 * await UserSerializer.serialize({ user_name: "Tom", address: { city: "Tashkent" } });
 * // { name: "Tom", city: "Tashkent" }
 * ```
 */
export function source<Input, const Name extends string>(name: Name): SourceAction<Input, Name> {
  return { kind: "metadata", type: "source", reference: source, source: name };
}

/** Whether a part of a pipe is a {@link source}. */
export function isSourceAction(
  item: PipeItemView,
): item is PipeItemView & { readonly source: string } {
  const { reference } = item as { readonly reference?: unknown };
  return reference === source;
}

/** Where the value of a field comes from. */
export type FieldSource = Pick<FieldPlan, "source" | "attributes" | "at" | "read">;

/**
 * Plans how a field is read.
 *
 * @param given one attribute or path, or those of an id's parts
 * @param parts the names of an id's parts
 */
export function planSource(
  name: string,
  given: string | readonly string[],
  parts: readonly string[] = [],
): FieldSource {
  if (typeof given !== "string") {
    const paths = given.map(toPath);
    return {
      source: name,
      attributes: paths.map(([head = ""]) => head),
      at: [name],
      read: (row) => readParts(row, parts, given),
    };
  }
  const path = toPath(given);
  const [head = ""] = path;
  const read = path.length > 1 ? (row: object) => readPath(row, given) : undefined;
  return { source: given, attributes: [head], at: path, read };
}

/** The value of a field in a row. */
export function readSource(
  { source: name, inherited, read }: Pick<FieldPlan, "source" | "inherited" | "read">,
  row: object,
): unknown {
  if (read) return read(row);
  return inherited ? readField(row, name) : (row as Readonly<Record<string, unknown>>)[name];
}

/** Goes down to a field in the path of an issue. */
export function enterField(path: (string | number)[], { read, source: name, at }: FieldPlan): void {
  if (read) path.push(...at);
  else path.push(name);
}

/** Comes back from where {@link enterField} went. */
export function leaveField(path: (string | number)[], { read, at }: FieldPlan): void {
  if (read) path.length -= at.length;
  else path.pop();
}

function toPath(name: string): string[] {
  return name.split(".");
}

/** An attribute that has dots in its name comes before an inner object: some drivers name columns so. */
function readPath(row: object, name: string): unknown {
  if (hasField(row, name)) return readField(row, name);
  let value: unknown = row;
  for (const key of toPath(name)) {
    if (value === null || value === undefined) return value;
    value = typeof value === "object" ? readField(value, key) : undefined;
  }
  return value;
}

/** An id of several parts; null where one is missing, and undefined where the row has none of them. */
function readParts(
  row: object,
  parts: readonly string[],
  sources: readonly string[],
): Readonly<Record<string, unknown>> | null | undefined {
  const id = {};
  const values = sources.map((name) => readPath(row, name));
  if (values.every((value) => value === undefined)) return undefined;
  if (values.some((value) => value === undefined || value === null)) return null;
  for (const [index, part] of parts.entries()) writeField(id, part, values[index]);
  return id;
}
