import type { StandardJSONSchemaV1 } from "@standard-schema/spec";

import type { Schema } from "../schema.ts";
import { jsonSchemaType } from "./json_schema_type.ts";
import { valibotType } from "./valibot_type.ts";

/** What can be told of a schema without knowing its library. */
export interface SchemaSummary {
  /** The library's name. */
  readonly vendor: string;
  /** The type as TypeScript would write it; undefined when the library does not tell. */
  readonly type: string | undefined;
  /** Where the library offers it: https://standardschema.dev/json-schema */
  readonly jsonSchema: Readonly<Record<string, unknown>> | undefined;
}

/** Describes a task's schema; `side` tells what it takes from what it gives. */
export function summarizeSchema(schema: Schema, side: "input" | "output"): SchemaSummary {
  const { vendor } = schema["~standard"];
  const jsonSchema = toJSONSchema(schema, side);
  if (vendor === "valibot") return { vendor, type: valibotType(schema), jsonSchema };
  return { vendor, type: jsonSchema && jsonSchemaType(jsonSchema), jsonSchema };
}

function toJSONSchema(
  schema: Schema,
  side: "input" | "output",
): Readonly<Record<string, unknown>> | undefined {
  const { jsonSchema } = schema["~standard"] as Partial<StandardJSONSchemaV1["~standard"]>;
  if (!jsonSchema) return undefined;
  try {
    return jsonSchema[side]({ target: "draft-2020-12" });
  } catch {
    // Not everything that a library checks can be written as JSON Schema.
    return undefined;
  }
}
