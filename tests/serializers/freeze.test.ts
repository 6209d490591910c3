import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { remoteField, serializer } from "../../mod.ts";
import { freeze, freezeDeep } from "../../src/serializers/freeze.ts";

describe("freeze()", () => {
  it("reaches every plain object and list, however deep, and those that hold themselves", () => {
    const row: Record<string, unknown> = { tags: [{ name: "a" }], at: new Date(0) };
    row["self"] = row;
    assert.equal(freeze(row), row);
    assert.ok(Object.isFrozen((row["tags"] as object[])[0]));
    assert.ok(!Object.isFrozen(row["at"]));
    let deep: object = {};
    for (let level = 0; level < 100_000; level++) deep = { deep };
    assert.ok(Object.isFrozen(freeze(deep)));
  });
});

describe("freezeDeep()", () => {
  it("reaches what is frozen on the outside alone", () => {
    const inner: { name: string; outer?: object } = { name: "a" };
    const row = Object.freeze({ list: Object.freeze([inner]) });
    inner.outer = row;
    freezeDeep(row);
    assert.ok(Object.isFrozen(inner));
  });

  it("is done to rows of a client's own, and to what a schema makes", async () => {
    const table = [Object.freeze({ id: 1, tags: ["a"] })];
    const client = { call: () => Promise.resolve(table) };
    const schema = v.pipe(
      v.object({ id: v.number() }),
      v.transform(({ id }) => Object.freeze({ id, parts: [id] })),
    );
    const Serializer = serializer(
      v.object({
        plain: remoteField(v.number(), { route: "rows" }),
        made: remoteField(v.number(), { route: "rows", schema }),
      }),
      { client },
    );
    const { plain, made } = await Serializer.serialize({ plain: 1, made: 1 });
    assert.ok(Object.isFrozen(plain?.["tags"]));
    assert.ok(Object.isFrozen(made?.parts));
  });
});
