import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { IntegerListSerializer } from "../../mod.ts";

describe("IntegerListSerializer", () => {
  it("accepts integers, and text that is one", () => {
    const serializer = IntegerListSerializer({ data: [1, "2", " -3 ", "4.0", "+5.", 6.0, 0] });
    assert.equal(serializer.isValid(), true);
    assert.deepEqual(serializer.validatedData, [1, 2, -3, 4, 5, 6, 0]);
    assert.deepEqual(serializer.errors, {});
  });

  const wrong: readonly (readonly [data: unknown, errors: Record<string, string[]>])[] = [
    [1, { non_field_errors: ['Expected a list of items but got type "int".'] }],
    [1.5, { non_field_errors: ['Expected a list of items but got type "float".'] }],
    ["hello", { non_field_errors: ['Expected a list of items but got type "str".'] }],
    [true, { non_field_errors: ['Expected a list of items but got type "bool".'] }],
    [{ ids: [1] }, { non_field_errors: ['Expected a list of items but got type "dict".'] }],
    [null, { non_field_errors: ["No data provided"] }],
    [undefined, { non_field_errors: ["No data provided"] }],
    [
      [1, "a", 1.5, true, {}, "", "1.5", "0x10", "1e3", NaN],
      Object.fromEntries(
        [1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => [index, ["A valid integer is required."]]),
      ),
    ],
    [[1, null], { 1: ["This field may not be null."] }],
    [["1".repeat(1_001)], { 0: ["String value too large."] }],
    [["9007199254740993"], { 0: ["A valid integer is required."] }],
  ];
  for (const [data, errors] of wrong) {
    it(`says what is wrong with ${JSON.stringify(data)?.slice(0, 40)}`, () => {
      const serializer = IntegerListSerializer({ data });
      assert.equal(serializer.isValid(), false);
      assert.deepEqual(serializer.errors, errors);
      assert.throws(() => serializer.validatedData, { code: "invalid_input" });
    });
  }

  it("accepts an empty list unless told otherwise", () => {
    assert.equal(IntegerListSerializer({ data: [] }).isValid(), true);
    assert.deepEqual(IntegerListSerializer({ data: [], allowEmpty: false }).errors, {
      non_field_errors: ["This list may not be empty."],
    });
  });

  it("may be constructed", () => {
    assert.deepEqual(new IntegerListSerializer({ data: ["1"] }).validatedData, [1]);
  });

  it("is a schema, too", () => {
    assert.deepEqual(v.parse(IntegerListSerializer.schema, ["1", 2]), [1, 2]);
    assert.equal(v.safeParse(IntegerListSerializer.nonEmptySchema, []).success, false);
  });
});
