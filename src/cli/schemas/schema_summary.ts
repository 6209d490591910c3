import type { Schema } from "../../schema/schema.ts";
import { Serializer } from "../../serializers/serializer.ts";
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
  // A serializer stands for its rows, one or a list: both are written as those of its schema.
  const described: Schema = schema instanceof Serializer ? schema.schema : schema;
  const { vendor } = described["~standard"];
  const jsonSchema = jsonSchemaOf(described, side, target);
  // A valibot schema tells more of itself than JSON Schema has words for.
  if (vendor === "valibot") return { vendor, type: valibotType(described), jsonSchema };
  return { vendor, type: jsonSchema && jsonSchemaType(jsonSchema), jsonSchema };
}

/** A schema for people. */
export function describeSchema(summary: SchemaSummary | null): string {
  if (!summary) return "not checked";
  return summary.type ?? `a schema of ${summary.vendor}`;
}
