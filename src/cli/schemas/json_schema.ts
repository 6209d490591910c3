import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import type { ConversionConfig, JsonSchema } from "@valibot/to-json-schema";
import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";

import type { Schema } from "../../schema/schema.ts";

/** A JSON Schema, as far as the command looks into it. */
export type JSONSchema = Readonly<Record<string, unknown>>;

/** The versions that are asked for. */
export type JSONSchemaTarget = "draft-07" | "draft-2020-12";

/** Which side of a schema: what it takes or what it gives. */
export type SchemaSide = "input" | "output";

/** A schema as JSON Schema; undefined when its library does not offer that: https://standardschema.dev/json-schema */
export function jsonSchemaOf(
  schema: Schema,
  side: SchemaSide,
  target: JSONSchemaTarget,
): JSONSchema | undefined {
  try {
    if (schema["~standard"].vendor === "valibot") return fromValibot(schema, side, target);
    const { jsonSchema } = schema["~standard"] as Partial<StandardJSONSchemaV1["~standard"]>;
    return jsonSchema?.[side]({ target });
  } catch {
    // Not everything that a library checks can be written as JSON Schema.
    return undefined;
  }
}

function fromValibot(schema: Schema, side: SchemaSide, target: JSONSchemaTarget): JSONSchema {
  const config: ConversionConfig = {
    target,
    typeMode: side,
    // What has no JSON Schema, e.g. a transformation, is left open.
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema }) => {
      if (valibotSchema.type !== "remote_field") return undefined;
      return remoteField(valibotSchema as unknown as RemoteField, config);
    },
  };
  const { $schema: _version, ...converted } = toJsonSchema(
    schema as unknown as GenericSchema,
    config,
  );
  return converted;
}

/** A remote field's schema, as far as this looks into it. */
interface RemoteField {
  readonly id: GenericSchema;
  readonly endpoint: { readonly route: string };
}

/** A remote field takes an id and gives what the other service has of it. */
function remoteField({ id, endpoint }: RemoteField, config: ConversionConfig): JsonSchema {
  if (config.typeMode === "output") return { description: `What ${endpoint.route} answers.` };
  const { $schema: _version, ...converted } = toJsonSchema(id, config);
  return { ...converted, description: `An id, for ${endpoint.route}.` };
}
