import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";
import { z } from "zod";

import { sampleValue } from "../../../src/cli/docs/sample_value.ts";
import { jsonSchemaOf } from "../../../src/cli/schemas/json_schema.ts";
import type { Schema } from "../../../src/schema/schema.ts";
import { validate } from "../../../src/schema/schema.ts";

interface Tree {
  readonly children: readonly Tree[];
}
const tree: v.GenericSchema<Tree> = v.object({ children: v.array(v.lazy(() => tree)) });

describe("sampleValue()", () => {
  const schemas: [what: string, schema: Schema][] = [
    ["a text", v.string()],
    ["a long text", v.pipe(v.string(), v.minLength(20))],
    ["a short text", v.pipe(v.string(), v.maxLength(2))],
    ["an address", v.pipe(v.string(), v.email())],
    ["a date", v.pipe(v.string(), v.isoDate())],
    ["a time", v.pipe(v.string(), v.isoTimestamp())],
    ["an id", v.pipe(v.string(), v.uuid())],
    ["a number with bounds", v.pipe(v.number(), v.minValue(10), v.maxValue(20))],
    ["a number below 0", v.pipe(v.number(), v.maxValue(-5))],
    ["a number between others", v.pipe(v.number(), v.gtValue(7), v.ltValue(9))],
    ["a multiple", v.pipe(v.number(), v.multipleOf(5))],
    ["a choice", v.picklist(["a", "b"])],
    ["null or else", v.nullable(v.boolean())],
    ["some of several", v.union([v.number(), v.string()])],
    ["parts together", v.intersect([v.object({ a: v.string() }), v.object({ b: v.number() })])],
    ["a tuple", v.tuple([v.string(), v.number()])],
    ["at least three", v.pipe(v.array(v.number()), v.minLength(3))],
    ["none", v.pipe(v.array(v.number()), v.maxLength(0))],
    ["what may be left out", v.object({ a: v.optional(v.string()) })],
    ["names of any kind", v.record(v.string(), v.number())],
    ["zod's object", z.object({ url: z.url(), n: z.int().positive(), at: z.iso.datetime() })],
    ["zod's union", z.discriminatedUnion("kind", [z.object({ kind: z.literal("a") })])],
  ];
  for (const [what, schema] of schemas) {
    it(`fits ${what}`, async () => {
      const value = sampleValue(jsonSchemaOf(schema, "input", "draft-07"));
      const { issues } = await validate(schema, value);
      assert.equal(issues, undefined, JSON.stringify(value));
    });
  }

  it("ends where a schema does not", () => {
    const value = JSON.stringify(sampleValue(jsonSchemaOf(tree, "input", "draft-07")));
    assert.match(value, /^\{"children":\[\{"children":\[/);
    assert.ok(value.length < 200, value);
  });
});
