import type { JSONSchema } from "./json_schema.ts";
import { listType } from "./list_type.ts";

/** Deeper than this the type says `…`. */
const MAX_DEPTH = 8;

/** Rules worth a word, by their keywords. */
const RULES = [
  ["format", ""],
  ["minimum", "min "],
  ["maximum", "max "],
  ["minLength", "min length "],
  ["maxLength", "max length "],
  ["minItems", "min items "],
  ["maxItems", "max items "],
] as const;

/** Writes a JSON Schema the way TypeScript would. What this does not know is `unknown`. */
export function jsonSchemaType(schema: unknown, depth = 0): string {
  if (!isRecord(schema)) return "unknown";
  if (depth > MAX_DEPTH) return "…";
  const type = plainType(schema, depth);
  const rules = RULES.filter(([keyword]) => isWorthShowing(schema[keyword])).map(
    ([keyword, label]) => `${label}${String(schema[keyword])}`,
  );
  return rules.length === 0 ? type : `${type} (${rules.join(", ")})`;
}

function plainType(schema: JSONSchema, depth: number): string {
  const inner = (node: unknown): string => jsonSchemaType(node, depth + 1);
  const { type } = schema;
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"]))
    return schema["enum"].map((value) => JSON.stringify(value)).join(" | ");
  const either = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(either)) return either.map(inner).join(" | ");
  if (Array.isArray(schema["allOf"])) return schema["allOf"].map(inner).join(" & ");
  // A reference: to itself, most often.
  if (typeof schema["$ref"] === "string") return "…";
  if (Array.isArray(type)) return type.join(" | ");
  if (type === "array") return arrayType(schema, inner);
  if (type === "object") return objectType(schema, inner);
  return typeof type === "string" ? type : "unknown";
}

function arrayType(schema: JSONSchema, inner: (node: unknown) => string): string {
  const { prefixItems, items } = schema;
  if (Array.isArray(prefixItems)) return `[${prefixItems.map(inner).join(", ")}]`;
  return listType(inner(items));
}

function objectType(schema: JSONSchema, inner: (node: unknown) => string): string {
  const { properties, required, additionalProperties } = schema;
  if (!isRecord(properties)) {
    const value = isRecord(additionalProperties) ? inner(additionalProperties) : "unknown";
    return `Record<string, ${value}>`;
  }
  const needed = Array.isArray(required) ? required : [];
  const fields = Object.entries(properties).map(([name, field]) => {
    const shown = /^[\w$]+$/.test(name) ? name : JSON.stringify(name);
    return `${shown}${needed.includes(name) ? "" : "?"}: ${inner(field)}`;
  });
  return fields.length === 0 ? "{}" : `{ ${fields.join("; ")} }`;
}

/** The bounds of safe integers are what some libraries write for any whole number. */
function isWorthShowing(rule: unknown): boolean {
  return typeof rule === "number" ? Math.abs(rule) < Number.MAX_SAFE_INTEGER : rule !== undefined;
}

function isRecord(value: unknown): value is JSONSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
