import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { ProtocolError, RemoteError, TaskError, ValidationError } from "../../mod.ts";
import { fromFailure, isErrorCode, toFailure } from "../../src/messages/failure.ts";
import { readJSON, writeJSON } from "../../src/messages/json.ts";

function read(code: string, body: unknown): ReturnType<typeof fromFailure> {
  return fromFailure("route", code, readJSON(JSON.stringify(body)));
}

describe("a failure from a peer", () => {
  it("of any code and body becomes an error whose parts have their types", () => {
    const keys = fc.oneof(fc.constantFrom("toString", "__proto__", "then", "length"), fc.string());
    const value = fc.jsonValue();
    const data = fc.oneof(value, fc.dictionary(keys, fc.oneof(value, fc.array(value))));
    const issue = fc.record({ message: value, path: fc.array(value) }, { requiredKeys: [] });
    const body = fc.oneof(
      value,
      fc.record(
        { status: fc.constantFrom("fail", "x"), data, issues: fc.array(fc.oneof(issue, value)) },
        { requiredKeys: ["status", "data"] },
      ),
    );
    const code = fc.oneof(fc.constant("invalid_input"), fc.string(), fc.string({ minLength: 256 }));
    fc.assert(
      fc.property(code, body, (given, answered) => {
        const error = read(given, answered);
        if (error instanceof ProtocolError) return;
        assert.equal(error.code, given);
        assert.equal(typeof error.message, "string");
        if (error instanceof RemoteError) return;
        for (const messages of Object.values(error.errors))
          assert.ok(messages.every((message) => typeof message === "string"));
        for (const { message, path } of error.issues) {
          assert.equal(typeof message, "string");
          assert.ok(path.every((key) => typeof key === "string" || typeof key === "number"));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("has messages that are not text written as JSON", () => {
    const data = { a: [{ toString: null }, 1, null], b: { toString: "x" }, c: "text" };
    const error = read("invalid_input", { status: "fail", data });
    assert.ok(error instanceof ValidationError);
    assert.deepEqual(error.errors, {
      a: ['{"toString":null}', "1", "null"],
      b: ['{"toString":"x"}'],
      c: ["text"],
    });
  });

  it("has only issues whose paths are keys", () => {
    const issues = [
      { message: "good", path: ["a", 0], more: true },
      { message: "bad", path: [{}] },
      { message: "bad", path: [null] },
      { message: 1, path: [] },
    ];
    const error = read("invalid_input", { status: "fail", data: {}, issues });
    assert.deepEqual((error as ValidationError).issues, [{ message: "good", path: ["a", 0] }]);
  });

  it("of the code invalid_input is the handler's own if its body says so, and a schema's else", () => {
    const own = toFailure(new TaskError("invalid_input", "No.", [{ row: 1 }]));
    const error = read(own.code, own.body);
    assert.ok(error instanceof RemoteError);
    assert.deepEqual([error.message, error.data], ["No.", [{ row: 1 }]]);
    for (const data of [{ code: ["Required."], message: ["Required."] }, { name: ["Required."] }])
      assert.ok(read("invalid_input", { status: "fail", data }) instanceof ValidationError);
    const schema = new ValidationError("x", [{ message: "No.", path: ["code"] }]);
    assert.ok(read("invalid_input", toFailure(schema).body) instanceof ValidationError);
  });

  it("does not bring line ends and terminal codes of its code into a message", () => {
    const { message } = read("x\n2026 [fatal] forged\u001b[31m", null);
    for (const character of ["\n", "\u001b"]) assert.ok(!message.includes(character), message);
  });
});

describe("an error's code", () => {
  it("is a text of 1 to 255 bytes", () => {
    for (const code of ["x", "é".repeat(127), "x".repeat(255)]) assert.ok(isErrorCode(code));
    const bad: readonly unknown[] = [
      "",
      "x".repeat(256),
      "é".repeat(128),
      404,
      null,
      undefined,
      {},
    ];
    for (const code of bad) assert.ok(!isErrorCode(code), String(code));
  });
});

describe("writeJSON()", () => {
  for (const [what, value] of [
    ["a toJSON() that throws", { toJSON: () => fail() }],
    ["a getter that throws", Object.defineProperty({}, "x", { enumerable: true, get: fail })],
    ["a Proxy that throws", new Proxy({}, { get: fail, ownKeys: fail })],
    ["what throws something that is not text", { toJSON: () => fail(Object.create(null)) }],
    [
      "what throws a Proxy",
      { toJSON: () => fail(new Proxy({}, { getPrototypeOf: () => fail() })) },
    ],
  ] as const) {
    it(`says NotJSONError of ${what}`, () => {
      assert.throws(() => writeJSON(value), { name: "NotJSONError", code: "not_json" });
    });
  }
});

function fail(reason: unknown = new Error("a bug")): never {
  throw reason;
}
