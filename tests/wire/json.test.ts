import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { decodeJSON, encodeJSON } from "../../src/wire/json.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("encodeJSON()", () => {
  it("gives back what decodeJSON() reads, for any JSON value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), (value) => {
        assert.deepEqual(decodeJSON(encodeJSON(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("writes undefined as null, and leaves out undefined fields", () => {
    assert.equal(text(encodeJSON(undefined)), "null");
    assert.equal(text(encodeJSON({ a: undefined, b: [undefined] })), '{"b":[null]}');
  });

  it("takes toJSON()'s word", () => {
    assert.equal(text(encodeJSON({ at: new Date(0) })), '{"at":"1970-01-01T00:00:00.000Z"}');
    assert.equal(text(encodeJSON({ toJSON: () => undefined })), "null");
    assert.equal(text(encodeJSON({ toJSON: () => ({ a: 1 }), run: () => 1 })), '{"a":1}');
  });

  it("ignores what an object inherits", () => {
    class Row {
      id = 1;
      run(): void {}
    }
    const inherited = Object.create({ run: () => 1 }) as Record<string, unknown>;
    inherited["id"] = 1;
    assert.equal(text(encodeJSON([new Row(), inherited])), '[{"id":1},{"id":1}]');
  });

  const cycle: unknown[] = [];
  cycle.push([cycle]);
  for (const [what, value, path, message] of [
    ["a BigInt", 1n, "", /the value .*BigInt/],
    ["a function", [() => 1], "[0]", /function/],
    ["a symbol", { a: { b: Symbol("x") } }, "a.b", /symbol/],
    ["NaN", { a: [0, Number.NaN] }, "a[1]", /NaN/],
    ["Infinity", -Infinity, "", /-Infinity/],
    ["a Set", { s: new Set([1]) }, "s", /Set/],
    ["a cycle", cycle, "[0][0]", /cycle/],
  ] as const) {
    it(`names the place of ${what}`, () => {
      assert.throws(() => encodeJSON(value), {
        name: "NotJSONError",
        code: "not_json",
        path,
        message,
      });
    });
  }

  it("says so when toJSON() throws or the value is too deep", () => {
    const broken = {
      toJSON: () => {
        throw new Error("no way");
      },
    };
    assert.throws(() => encodeJSON({ broken }), { code: "not_json", message: /no way/ });
    let deep: unknown = 1n;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    assert.throws(() => encodeJSON(deep), { code: "not_json" });
  });
});

describe("decodeJSON()", () => {
  for (const [what, bytes, error] of [
    ["nothing", [], SyntaxError],
    ["no JSON", [0x7b], SyntaxError],
    ["no UTF-8", [0x22, 0xff, 0x22], TypeError],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => decodeJSON(new Uint8Array(bytes)), error);
    });
  }

  it("makes __proto__ a field like any other", () => {
    const value = decodeJSON(new TextEncoder().encode('{"__proto__":{"admin":true}}')) as {
      admin?: boolean;
    };
    assert.equal(value.admin, undefined);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });
});
