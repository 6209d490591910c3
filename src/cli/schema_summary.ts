import type { Schema } from "../schema.ts";
import type { JSONSchema, JSONSchemaTarget, SchemaSide } from "./json_schema.ts";
import { jsonSchemaOf } from "./json_schema.ts";
import { jsonSchemaType } from "./json_schema_type.ts";
import { valibotType } from "./valibot_type.ts";

/** What can be told of a schema. */
export interface SchemaSummary {
  /** The library's name. */
  readonly vendor: string;
  /** The type as TypeScript would write it; undefined when the library does not tell. */
  readonly type: string | undefined;
  readonly jsonSchema: JSONSchema | undefined;
}

/** Describes a task's schema; `side` tells what it takes from what it gives. */
export function summarizeSchema(
  schema: Schema,
  side: SchemaSide,
  target: JSONSchemaTarget = "draft-2020-12",
): SchemaSummary {
  const { vendor } = schema["~standard"];
  const jsonSchema = jsonSchemaOf(schema, side, target);
  // A valibot schema tells more of itself than JSON Schema has words for.
  if (vendor === "valibot") return { vendor, type: valibotType(schema), jsonSchema };
  return { vendor, type: jsonSchema && jsonSchemaType(jsonSchema), jsonSchema };
}
