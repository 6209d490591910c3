import type { AnyRemoteField } from "./remote_field.ts";
import { asRemoteField } from "./remote_field.ts";
import { isSourceAction } from "./source.ts";
import type { SchemaView } from "./valibot_schema.ts";
import {
  holdsLazy,
  holdsRemoteField,
  isSchemaView,
  OBJECTS,
  partsOf,
  WRAPPERS,
  PRIMITIVES,
} from "./valibot_schema.ts";

/** Types of schemas whose values are never rows. */
export const SCALARS: ReadonlySet<string> = new Set([
  ...PRIMITIVES,
  ...["literal", "picklist", "enum", "blob", "file", "function", "promise"],
  ...["array", "remote_field"],
]);

/** Whether the parts of a schema may be more than what valibot alone deals with. */
export function isWorthAWalk(schema: SchemaView): boolean {
  if (schema.fallback !== undefined) return holdsRemoteField(schema);
  if (schema.pipe) return isSchemaView(schema.pipe[0]) && isWorthAWalk(schema.pipe[0]);
  const { type } = schema;
  if (type === "remote_field" || type === "lazy" || OBJECTS.has(type)) return true;
  const part = partOf(schema);
  if (part) return isWorthAWalk(part);
  return holdsRemoteField(schema) || holdsLazy(schema) || partsOf(schema).some(isWorthAWalk);
}

/** Whether a column somewhere in a schema has another name in the rows. */
export function holdsSource(schema: SchemaView): boolean {
  return schema.pipe?.some(isSourceAction) === true || partsOf(schema).some(holdsSource);
}

/** The remote field that a schema is, in lists and other wrappers or without. */
export function remoteOf(schema: SchemaView): AnyRemoteField | undefined {
  if (schema.pipe) return isSchemaView(schema.pipe[0]) ? remoteOf(schema.pipe[0]) : undefined;
  if (schema.type === "remote_field") return asRemoteField(schema);
  const part = partOf(schema);
  return part && remoteOf(part);
}

/** The source that a `source()` in a pipe says, in lists and other wrappers or without. */
export function sourceOf(schema: SchemaView): string | undefined {
  const { pipe } = schema;
  if (!pipe) {
    const part = partOf(schema);
    return part && sourceOf(part);
  }
  const said = pipe.find(isSourceAction);
  if (said) return said.source;
  return isSchemaView(pipe[0]) ? sourceOf(pipe[0]) : undefined;
}

function partOf({ type, item, wrapped }: SchemaView): SchemaView | undefined {
  return type === "array" ? item : WRAPPERS.has(type) ? wrapped : undefined;
}
