import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { readJSON, writeJSON } from "../../src/messages/json.ts";
import { MAX_DEPTH } from "../../src/messages/json_depth.ts";

describe("writeJSON()", () => {
  it("gives back what readJSON() reads, for any JSON value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, noUnicodeString: false }), (value) => {
        assert.deepEqual(readJSON(writeJSON(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("writes undefined as null, and leaves out undefined fields", () => {
    assert.equal(writeJSON(undefined), "null");
    assert.equal(writeJSON({ a: undefined, b: [undefined] }), '{"b":[null]}');
  });

  it("takes toJSON()'s word", () => {
    assert.equal(writeJSON({ at: new Date(0) }), '{"at":"1970-01-01T00:00:00.000Z"}');
    assert.equal(writeJSON({ toJSON: () => undefined }), "null");
    assert.equal(writeJSON({ toJSON: () => ({ a: 1 }), run: () => 1 }), '{"a":1}');
  });

  it("ignores what an object inherits", () => {
    class Row {
      id = 1;
      run(): void {}
    }
    const inherited = Object.create({ run: () => 1 }) as Record<string, unknown>;
    inherited["id"] = 1;
    assert.equal(writeJSON([new Row(), inherited]), '[{"id":1},{"id":1}]');
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
    ["bytes", { file: [new Uint8Array([1, 2])] }, "file[0]", /a Uint8Array, which text in base64/],
    ["numbers of a kind", new Int8Array(1), "", /the value as JSON as it is an Int8Array/],
    ["a buffer", { b: new ArrayBuffer(2) }, "b", /an ArrayBuffer, which text in base64/],
    ["an Error", { reason: new TypeError("no") }, "reason", /an Error, of which its message/],
    ["a RegExp", { pattern: /x/ }, "pattern", /a RegExp, of which its source/],
    ["a cycle", cycle, "[0][0]", /cycle/],
  ] as const) {
    it(`names the place of ${what}`, () => {
      assert.throws(() => writeJSON(value), {
        name: "NotJSONError",
        code: "not_json",
        path,
        message,
      });
    });
  }

  it("takes what says itself how it is written, whatever it is", () => {
    const error = Object.assign(new Error("no"), { toJSON: () => "no" });
    assert.equal(writeJSON({ error }), '{"error":"no"}');
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    assert.equal(writeJSON(bare), '{"a":1}');
  });

  it("says so when toJSON() throws or the value is too deep", () => {
    const broken = {
      toJSON: () => {
        throw new Error("no way");
      },
    };
    assert.throws(() => writeJSON({ broken }), { code: "not_json", message: /no way/ });
    let deep: unknown = 1n;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    assert.throws(() => writeJSON(deep), { code: "not_json" });
  });
});

describe("readJSON()", () => {
  for (const [what, text] of [
    ["nothing", ""],
    ["no JSON", "{"],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => readJSON(text), SyntaxError);
    });
  }

  it("refuses what nests deeper than any handler could follow, and counts no brackets in strings", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    assert.ok(readJSON(nested(MAX_DEPTH)));
    assert.throws(() => readJSON(nested(MAX_DEPTH + 1)), RangeError);
    const texts = ["[".repeat(3 * MAX_DEPTH), '\\"{'.repeat(3 * MAX_DEPTH)];
    assert.deepEqual(readJSON(JSON.stringify(texts)), texts);
    const wide = Array.from({ length: 3 * MAX_DEPTH }, () => ({ a: [1] }));
    assert.deepEqual(readJSON(JSON.stringify(wide)), wide);
  });

  it("makes __proto__ a field like any other", () => {
    const value = readJSON('{"__proto__":{"admin":true}}') as {
      admin?: boolean;
    };
    assert.equal(value.admin, undefined);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });
});
