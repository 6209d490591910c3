import { listType } from "./list_type.ts";

/** A valibot schema or action, as far as a reader of its type looks. */
interface ValibotNode {
  readonly kind: string;
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Deeper than this, and where a schema comes back to itself, the type says `…`. */
const MAX_DEPTH = 8;

/** What fills in the value when it is left out. */
const OPTIONAL = new Set(["optional", "exact_optional", "nullish"]);

/** Writes a valibot schema the way TypeScript would, with its rules behind it: `string (email, max_length 80)`. */
export function valibotType(schema: unknown, depth = 0): string {
  if (!isNode(schema)) return "unknown";
  if (depth > MAX_DEPTH) return "…";
  const { pipe } = schema;
  if (!Array.isArray(pipe)) return plainType(schema, depth);
  const [first, ...rest] = pipe.filter(isNode);
  const rules = rest.map((action) => describeRule(action, depth)).filter((rule) => rule !== "");
  const type = first ? valibotType(first, depth + 1) : plainType(schema, depth);
  return rules.length === 0 ? type : `${type} (${rules.join(", ")})`;
}

function plainType(schema: ValibotNode, depth: number): string {
  const inner = (node: unknown): string => valibotType(node, depth + 1);
  const { type } = schema;
  switch (type) {
    case "array":
      return listType(inner(schema["item"]));
    case "literal":
      return literal(schema["literal"]);
    case "picklist":
    case "enum":
      return asList(schema["options"]).map(literal).join(" | ");
    case "union":
    case "variant":
      return asList(schema["options"]).map(inner).join(" | ");
    case "intersect":
      return asList(schema["options"]).map(inner).join(" & ");
    case "nullable":
      return `${inner(schema["wrapped"])} | null`;
    case "nullish":
      return `${inner(schema["wrapped"])} | null | undefined`;
    case "optional":
    case "exact_optional":
    case "undefinedable":
      return `${inner(schema["wrapped"])} | undefined`;
    case "non_nullable":
    case "non_nullish":
    case "non_optional":
      return inner(schema["wrapped"]);
    case "record":
      return `Record<${inner(schema["key"])}, ${inner(schema["value"])}>`;
    case "map":
      return `Map<${inner(schema["key"])}, ${inner(schema["value"])}>`;
    case "set":
      return `Set<${inner(schema["value"])}>`;
    case "object":
    case "loose_object":
    case "strict_object":
    case "object_with_rest":
      return objectType(schema, inner);
    case "tuple":
    case "loose_tuple":
    case "strict_tuple":
    case "tuple_with_rest":
      return tupleType(schema, inner);
    case "remote_field":
      return `${inner(schema["id"])} (id of ${remoteRoute(schema)})`;
    case "lazy":
      return "…";
    default:
      // string, number, boolean, date, file, custom, instance, …
      return type;
  }
}

function objectType(schema: ValibotNode, inner: (node: unknown) => string): string {
  const entries = Object.entries(schema["entries"] as Record<string, unknown>);
  const fields = entries.map(([name, field]) => {
    const optional = isNode(field) && OPTIONAL.has(field.type);
    const type = inner(field);
    const shown = optional ? type.replace(/ \| undefined$/, "") : type;
    return `${/^[\w$]+$/.test(name) ? name : JSON.stringify(name)}${optional ? "?" : ""}: ${shown}`;
  });
  if (schema.type === "loose_object") fields.push("[key]: unknown");
  if (schema.type === "object_with_rest") fields.push(`[key]: ${inner(schema["rest"])}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join("; ")} }`;
}

function tupleType(schema: ValibotNode, inner: (node: unknown) => string): string {
  const items = asList(schema["items"]).map(inner);
  if (schema.type === "loose_tuple") items.push("...unknown[]");
  if (schema.type === "tuple_with_rest") items.push(`...${listType(inner(schema["rest"]))}`);
  return `[${items.join(", ")}]`;
}

function describeRule(action: ValibotNode, depth: number): string {
  // A schema further down in a pipe is what the value has become by then.
  if (action.kind === "schema") return `→ ${valibotType(action, depth + 1)}`;
  if (action.kind === "metadata") return "";
  const { requirement } = action;
  const isPlain = typeof requirement === "number" || typeof requirement === "string";
  return isPlain ? `${action.type} ${requirement}` : action.type;
}

function remoteRoute(schema: ValibotNode): string {
  const { route } = (schema["endpoint"] ?? {}) as { route?: unknown };
  return typeof route === "string" ? `"${route}"` : "another service";
}

function literal(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isNode(value: unknown): value is ValibotNode {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const { kind, type } = value as Partial<ValibotNode>;
  return typeof kind === "string" && typeof type === "string";
}
