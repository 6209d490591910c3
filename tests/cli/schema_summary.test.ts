import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";
import { z } from "zod";

import { remoteField, serializer } from "../../mod.ts";
import { jsonSchemaType } from "../../src/cli/schemas/json_schema_type.ts";
import { summarizeSchema } from "../../src/cli/schemas/schema_summary.ts";

interface Tree {
  readonly children: readonly Tree[];
}
const tree: v.GenericSchema<Tree> = v.object({ children: v.array(v.lazy(() => tree)) });

describe("summarizeSchema() of valibot", () => {
  const types: [type: string, schema: v.GenericSchema][] = [
    ["string", v.string()],
    ["number (integer, min_value 1)", v.pipe(v.number(), v.integer(), v.minValue(1))],
    ["number (integer)[]", v.array(v.pipe(v.number(), v.integer()))],
    ['"a|b"[]', v.array(v.literal("a|b"))],
    ['"a" | "b"', v.picklist(["a", "b"])],
    ["1", v.literal(1)],
    ["string | number | null", v.nullable(v.union([v.string(), v.number()]))],
    ["(string | number)[]", v.array(v.union([v.string(), v.number()]))],
    ["{ id: number }[]", v.array(v.object({ id: v.number() }))],
    [
      "{ a: { b: number | null } }[]",
      v.array(v.object({ a: v.object({ b: v.nullable(v.number()) }) })),
    ],
    [
      '{ a?: string; "b c": boolean | null }',
      v.object({ a: v.optional(v.string()), "b c": v.nullable(v.boolean()) }),
    ],
    ["{ a: string; [key]: unknown }", v.looseObject({ a: v.string() })],
    ["{ [key]: number }", v.objectWithRest({}, v.number())],
    ["{}", v.strictObject({})],
    ["[string, number]", v.tuple([v.string(), v.number()])],
    ["Record<string, number>", v.record(v.string(), v.number())],
    [
      "{ a: string } & { b: string }",
      v.intersect([v.object({ a: v.string() }), v.object({ b: v.string() })]),
    ],
    [
      "string (transform, → date)",
      v.pipe(
        v.string(),
        v.transform((text) => new Date(text)),
        v.date(),
      ),
    ],
    ["string", v.pipe(v.string(), v.title("A name"))],
    ['number (id of "images")', remoteField(v.number(), { route: "images" })],
    ["{ children: …[] }", tree],
  ];
  for (const [type, schema] of types) {
    it(`says ${type}`, () => {
      const { vendor, type: shown } = summarizeSchema(schema, "input");
      assert.deepEqual([vendor, shown], ["valibot", type]);
    });
  }
});

describe("summarizeSchema()'s JSON Schema of valibot", () => {
  it("tells what a remote field takes, and leaves open what it gives", () => {
    const schema = v.array(remoteField(v.number(), { route: "images" }));
    assert.deepEqual(summarizeSchema(schema, "input").jsonSchema, {
      type: "array",
      items: { type: "number", description: "An id, for images." },
    });
    assert.deepEqual(summarizeSchema(schema, "output").jsonSchema, {
      type: "array",
      items: { description: "What images answers." },
    });
  });

  it("has the fields of a serializer, as those of its schema", () => {
    const rows = v.object({ id: v.number(), image: remoteField(v.number(), { route: "images" }) });
    const summary = summarizeSchema(serializer(rows), "input");
    assert.equal(summary.vendor, "valibot");
    assert.equal(summary.type, summarizeSchema(rows, "input").type);
    assert.match(summary.type ?? "", /^\{ id: number; image: /);
    assert.deepEqual(summary.jsonSchema, summarizeSchema(rows, "input").jsonSchema);
  });

  it("leaves open what JSON has no words for", () => {
    const schema = v.object({ at: v.date(), n: v.number() });
    assert.deepEqual(summarizeSchema(schema, "input").jsonSchema, {
      type: "object",
      properties: { at: {}, n: { type: "number" } },
      required: ["at", "n"],
    });
  });
});

describe("summarizeSchema() of others", () => {
  it("takes zod's JSON Schema", () => {
    const schema = z.object({
      mail: z.email().max(80),
      tags: z.array(z.enum(["x", "y"])).optional(),
    });
    const summary = summarizeSchema(schema, "input");
    assert.equal(summary.vendor, "zod");
    assert.equal(summary.type, '{ mail: string (email, max length 80); tags?: ("x" | "y")[] }');
    assert.equal(summary.jsonSchema?.["type"], "object");
  });

  it("tells input from output", () => {
    const schema = z.codec(z.string(), z.number(), { decode: Number, encode: String });
    assert.equal(summarizeSchema(schema, "input").type, "string");
    assert.equal(summarizeSchema(schema, "output").type, "number");
  });

  it("names the library when a schema has no JSON Schema", () => {
    assert.deepEqual(summarizeSchema(z.bigint(), "input"), {
      vendor: "zod",
      type: undefined,
      jsonSchema: undefined,
    });
  });
});

describe("jsonSchemaType()", () => {
  const types: [type: string, schema: unknown][] = [
    ["string | null", { type: ["string", "null"] }],
    ["string | number", { anyOf: [{ type: "string" }, { type: "number" }] }],
    [
      "{ a: number } & …",
      {
        allOf: [
          { type: "object", properties: { a: { type: "number" } }, required: ["a"] },
          { $ref: "#" },
        ],
      },
    ],
    ["[string, number]", { type: "array", prefixItems: [{ type: "string" }, { type: "number" }] }],
    ["Record<string, boolean>", { type: "object", additionalProperties: { type: "boolean" } }],
    ["7", { const: 7 }],
    ["unknown", {}],
    ["unknown", true],
  ];
  for (const [type, schema] of types) {
    it(`writes ${JSON.stringify(schema)} as ${type}`, () => {
      assert.equal(jsonSchemaType(schema), type);
    });
  }
});
