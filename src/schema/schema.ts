import type { StandardSchemaV1 } from "@standard-schema/spec";

/** A schema of any library that speaks Standard Schema: valibot, zod, arktype and others. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>;

/** Checks a value, without a promise where the schema needs none. */
export function validate(
  schema: Schema,
  value: unknown,
): StandardSchemaV1.Result<unknown> | Promise<StandardSchemaV1.Result<unknown>> {
  return schema["~standard"].validate(value);
}

/** Whether a value is a Standard Schema. Some libraries' schemas are functions. */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<Schema>)["~standard"];
  return typeof standard === "object" && typeof standard.validate === "function";
}
