import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { TaskError } from "../../mod.ts";
import {
  cut,
  readJobError,
  readStack,
  toJobError,
  toStack,
  writeJobError,
} from "../../src/jobs/job_error.ts";
import { byteLength } from "../../src/messages/byte_length.ts";

/** An error that holds what an error of a client library may hold. */
class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code = "EPIPE";
  readonly connection = { password: "hunter2" };
}

const throwing: ProxyHandler<object> = {
  get: () => {
    throw new Error("no");
  },
  getPrototypeOf: () => {
    throw new Error("no");
  },
};

describe("what a job tells of its last error", () => {
  it("is name, code and message, and nothing else that the error holds", () => {
    const error = toJobError(new StorageError("the bucket is away"), 1_000, "images");
    assert.deepEqual(error, {
      name: "StorageError",
      code: "EPIPE",
      message: "the bucket is away",
      at: 1_000,
      worker: "images",
    });
    assert.doesNotMatch(writeJobError(error), /hunter2/);
  });

  it("leaves the data of a TaskError to the worker's log", () => {
    const error = toJobError(new TaskError("locked", "Locked.", { card: "4111" }), 1);
    assert.deepEqual(error, { name: "TaskError", code: "locked", message: "Locked.", at: 1 });
  });

  it("comes of whatever was thrown", () => {
    assert.deepEqual(toJobError("away", 5), { name: "string", message: "away", at: 5 });
    assert.deepEqual(toJobError(undefined, 5), { name: "undefined", message: "undefined", at: 5 });
    assert.equal(toJobError({ name: 7, code: 7 }, 5).name, "object");
    assert.equal(toJobError(new Proxy({}, throwing), 5).name, "object");
    assert.equal(toJobError(Object.create(null), 5).name, "object");
    const error = new Error("x");
    Object.defineProperty(error, "message", { get: () => new Proxy({}, throwing) });
    assert.equal(toJobError(error, 5).message, "its message is not text");
    assert.equal(toJobError({ message: "away" }, 5).message, "away");
  });

  it("has bounds, in bytes", () => {
    const error = new Error("ä".repeat(5_000));
    error.name = "N".repeat(1_000);
    const told = toJobError(Object.assign(error, { code: "c".repeat(300) }), 1, "w".repeat(200));
    assert.equal(byteLength(told.message), 2_047);
    for (const text of [told.name, told.code, told.worker])
      assert.equal(byteLength(text ?? ""), 128);
  });

  it("is read back as it was written", () => {
    const unit = fc.constantFrom("a", "ä", "💡", "\ud800", "\u0000", '"', "\\");
    fc.assert(
      fc.property(fc.string({ unit }), fc.string(), (message, code) => {
        const error = Object.assign(new Error(message), { code });
        const told = toJobError(error, 12);
        assert.deepEqual(readJobError(writeJobError(told)), told);
      }),
    );
  });

  it("is read within the same bounds, when somebody else wrote it", () => {
    const read = (value: unknown): unknown => readJobError(JSON.stringify(value));
    assert.deepEqual(read({ name: "E", message: "m", at: "soon", code: 7, worker: [], more: 1 }), {
      name: "E",
      message: "m",
      at: 0,
    });
    const long = read({ name: "E".repeat(500), message: "m".repeat(9_000), at: -1 });
    assert.ok(byteLength(JSON.stringify(long)) < 2_500);
    for (const header of [
      ...[undefined, 7, null, [], {}, "", "{", "null", "[]", '"text"', "7"],
      ...['{"name":"E"}', '{"message":"m"}', '{"name":1,"message":"m"}'],
      "[".repeat(100_000),
      JSON.stringify({ name: "E", message: "m".repeat(100_000) }),
    ])
      assert.equal(readJobError(header), undefined);
  });
});

describe("the stack that a dead letter keeps", () => {
  it("has the causes, and ends where they go in a circle", () => {
    const inner = new Error("no route to host");
    const outer = new Error("cannot write", { cause: inner });
    const stack = toStack(outer) ?? "";
    assert.match(stack, /cannot write[^]*caused by: [^]*no route to host/);
    inner.cause = outer;
    assert.equal((toStack(outer) ?? "").split("\ncaused by: ").length, 5);
  });

  it("has at most 8,192 bytes, written or read", () => {
    const error = new Error("x");
    error.stack = "ä".repeat(9_000);
    assert.equal(byteLength(toStack(error) ?? ""), 8_191);
    assert.equal(byteLength(readStack("s".repeat(9_000)) ?? ""), 8_192);
  });

  it("is none where there is none", () => {
    for (const thrown of ["text", undefined, {}, new Proxy({}, throwing)])
      assert.equal(toStack(thrown), undefined);
    assert.equal(readStack(7), undefined);
  });
});

describe("cut()", () => {
  it("keeps whole characters and never has more bytes than asked for", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 3, max: 40 }), (text, max) => {
        const short = cut(text, max);
        assert.ok(byteLength(short) <= max);
        if (short !== text) assert.ok(short.endsWith("…") && text.startsWith(short.slice(0, -1)));
        assert.ok(!/\p{Surrogate}/u.test(short));
      }),
    );
  });
});
