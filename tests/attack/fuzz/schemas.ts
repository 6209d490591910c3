import * as v from "valibot";

import type { Schema } from "../../../mod.ts";

/** Schemas of tasks: such that take some of the values, such that change them, and such that break the rules. */
export const SCHEMAS: Readonly<Record<string, () => Schema>> = {
  object: () => v.object({ a: v.number() }),
  "strict object": () => v.strictObject({ a: v.number(), b: v.optional(v.array(v.unknown())) }),
  text: () => v.pipe(v.string(), v.minLength(1), v.maxLength(100)),
  "text to its length": () =>
    v.pipe(
      v.string(),
      v.transform((text) => text.length),
    ),
  nullish: () => v.nullish(v.string(), "a default"),
  "later, an object": () =>
    v.objectAsync({
      a: v.pipeAsync(
        v.number(),
        v.checkAsync((value) => Promise.resolve(value > 1), "must be above 1"),
      ),
    }),
  "one that throws": () =>
    standard(() => {
      throw new Error("the schema fails");
    }),
  "one that rejects": () => standard(() => Promise.reject(new Error("the schema fails"))),
  "one that refuses without a path": () => standard(() => ({ issues: [{ message: "no" }] })),
  "one that refuses with odd paths": () =>
    standard(() => ({
      issues: [
        { message: "", path: [{ key: "a" }, 0, "b"] },
        { message: "symbols", path: [Symbol("a")] },
        { message: "twice", path: ["a"] },
        { message: "twice", path: ["a"] },
      ],
    })),
  "one that refuses without an issue": () => standard(() => ({ issues: [] })),
  "one that makes no JSON": () => standard(() => ({ value: 10n })),
};

type Validate = Schema["~standard"]["validate"];

function standard(validate: Validate): Schema {
  return { "~standard": { version: 1, vendor: "attack", validate } };
}
