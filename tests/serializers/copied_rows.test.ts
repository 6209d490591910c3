import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { remoteField, serializer } from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";

const services = new FakeClient({ images: (ids: number[]) => ids.map((id) => ({ id })) });
const names = ["a", "b", "c", "d", "e", "f", "g"] as const;
const columns = Object.fromEntries(names.map((name) => [name, v.number()]));
const image = remoteField(v.number(), { route: "images" });
const Serializer = serializer(v.object({ ...columns, image }), services);

const values = Object.fromEntries(names.map((name, index) => [name, index]));
const expected = { ...values, image: { id: 7 } };
const serialize = async (row: object) => Serializer.serialize(row as never);

/** Rows that have all columns are copied as a whole; what comes out must not tell. */
describe("a row of many columns", () => {
  it("has its fields and no others, in their order", async () => {
    const row = { ...values, image: 7 };
    const output = await serialize(row);
    assert.deepEqual(output, expected);
    assert.deepEqual(Object.keys(output), [...names, "image"]);
    assert.deepEqual(row, { ...values, image: 7 });
    const reversed = Object.fromEntries(Object.entries(row).reverse());
    assert.deepEqual(Object.keys(await serialize(reversed)), [...names, "image"]);
    assert.deepEqual(await serialize({ ...row, more: 1 }), expected);
  });

  it("loses its symbols", async () => {
    const output = await serialize({ ...values, image: 7, [Symbol("secret")]: 1 });
    assert.deepEqual(Object.getOwnPropertySymbols(output), []);
  });

  it("may have columns from its prototype, getters, and be of a class", async () => {
    const { a, ...own } = values;
    const inherits: unknown = Object.create(
      { a },
      Object.getOwnPropertyDescriptors({ ...own, image: 7 }),
    );
    assert.deepEqual(await serialize(inherits as object), expected);
    // In the order of the schema, so that only the prototype tells that a copy would lack one.
    const ImageFirst = serializer(v.object({ image, ...columns }), services);
    const { g, ...others } = values;
    const last: unknown = Object.create(
      { g },
      Object.getOwnPropertyDescriptors({ image: 7, ...others }),
    );
    assert.deepEqual(await ImageFirst.serialize(last as never), expected);
    const getter = Object.defineProperty({ ...values, image: 7 }, "b", {
      get: () => 1,
      enumerable: true,
    });
    assert.deepEqual(Object.getOwnPropertyDescriptor(await serialize(getter), "b")?.value, 1);
    class Row {
      readonly image = 7;
    }
    const made = await serialize(Object.assign(new Row(), values));
    assert.equal(Object.getPrototypeOf(made), Object.prototype);
    assert.deepEqual(made, expected);
  });

  it("lacks none", async () => {
    const { a: _a, ...rest } = values;
    await assert.rejects(serialize({ ...rest, image: 7 }), /a: This field is required/);
  });
});
