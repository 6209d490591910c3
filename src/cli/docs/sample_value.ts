import type { JSONSchema } from "../schemas/json_schema.ts";

/** Deeper than this there is nothing more. */
const MAX_DEPTH = 6;

/** What texts of a format look like. */
const FORMATS: Readonly<Record<string, string>> = {
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
  email: "tom@example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  time: "12:00:00",
  uri: "https://example.com/",
  uuid: "3f2b8c1e-5d4a-4f6b-9e7c-1a2b3c4d5e6f",
};

/** A value that fits a JSON Schema, to show what a call looks like. Patterns are beyond it. */
export function sampleValue(schema: unknown, root: unknown = schema, depth = 0): unknown {
  if (!isRecord(schema) || depth > MAX_DEPTH) return null;
  const inner = (node: unknown): unknown => sampleValue(node, root, depth + 1);
  const { examples, anyOf, oneOf, allOf, $ref } = schema;
  if (Array.isArray(examples) && examples.length > 0) return examples[0] as unknown;
  for (const keyword of ["default", "const"]) if (keyword in schema) return schema[keyword];
  if (Array.isArray(schema["enum"])) return schema["enum"][0] as unknown;
  if (typeof $ref === "string") return inner(resolvePointer(root, $ref));
  const either = anyOf ?? oneOf;
  if (Array.isArray(either)) return inner(either[0]);
  if (Array.isArray(allOf)) return Object.assign({}, ...allOf.map(inner)) as unknown;
  switch (typeOf(schema)) {
    case "array":
      return sampleArray(schema, inner);
    case "object":
      return sampleObject(schema, inner);
    case "string":
      return sampleString(schema);
    case "integer":
    case "number":
      return sampleNumber(schema);
    case "boolean":
      return true;
    default:
      return null;
  }
}

function typeOf({ type, properties }: JSONSchema): unknown {
  if (type === undefined && isRecord(properties)) return "object";
  if (!Array.isArray(type)) return type;
  return type.find((one) => one !== "null");
}

function sampleArray(schema: JSONSchema, inner: (node: unknown) => unknown): unknown[] {
  const { prefixItems, items, minItems, maxItems } = schema;
  const tuple = prefixItems ?? items;
  if (Array.isArray(tuple)) return tuple.map(inner);
  if (maxItems === 0 || items === undefined) return [];
  const length = typeof minItems === "number" ? Math.max(1, minItems) : 1;
  return Array.from({ length }, () => inner(items));
}

/** With what has to be there; with everything when nothing has to. */
function sampleObject(
  schema: JSONSchema,
  inner: (node: unknown) => unknown,
): Record<string, unknown> {
  const properties = isRecord(schema["properties"]) ? Object.entries(schema["properties"]) : [];
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const shown =
    required.length === 0 ? properties : properties.filter(([name]) => required.includes(name));
  return Object.fromEntries(shown.map(([name, node]) => [name, inner(node)]));
}

function sampleString({ format, minLength, maxLength }: JSONSchema): string {
  const known = typeof format === "string" ? FORMATS[format] : undefined;
  const text = (known ?? "text").padEnd(typeof minLength === "number" ? minLength : 0, "x");
  return typeof maxLength === "number" ? text.slice(0, maxLength) : text;
}

function sampleNumber(schema: JSONSchema): number {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf } = schema;
  const step = typeof multipleOf === "number" ? multipleOf : 1;
  const atLeast = Math.max(
    typeof minimum === "number" ? minimum : -Infinity,
    typeof exclusiveMinimum === "number" ? exclusiveMinimum + step : -Infinity,
  );
  const atMost = Math.min(
    typeof maximum === "number" ? maximum : Infinity,
    typeof exclusiveMaximum === "number" ? exclusiveMaximum - step : Infinity,
  );
  const wanted = Math.min(Math.max(1, atLeast), atMost);
  return step === 1 ? wanted : Math.ceil(wanted / step) * step;
}

/** https://www.rfc-editor.org/rfc/rfc6901, within one document. */
function resolvePointer(root: unknown, pointer: string): unknown {
  let node = root;
  for (const part of pointer.split("/").slice(1)) {
    const name = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    node = isRecord(node) ? node[name] : undefined;
  }
  return node;
}

function isRecord(value: unknown): value is JSONSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
