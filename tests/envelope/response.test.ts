import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { FailResponseError, RPCResponse, RPCStatus } from "../../mod.ts";

describe("RPCResponse", () => {
  it("builds plain envelopes", () => {
    assert.deepStrictEqual(RPCResponse({ data: [{ id: 1 }] }), {
      status: "success",
      data: [{ id: 1 }],
    });
    assert.deepStrictEqual(RPCResponse({ errors: { email: ["No."] } }), {
      status: "fail",
      data: { email: ["No."] },
    });
  });

  it("takes what is falsy as data", () => {
    for (const data of [null, 0, "", false, []])
      assert.deepStrictEqual(RPCResponse({ data }), { status: "success", data });
  });

  it("refuses neither and both", () => {
    for (const content of [{}, { data: 1, errors: 2 }, { data: undefined }] as never[]) {
      assert.throws(() => RPCResponse(content), { code: "invalid_response" });
    }
  });

  it("is() tells envelopes from other values", () => {
    for (const value of [
      { status: "success", data: null },
      { status: "fail", data: {} },
    ])
      assert.equal(RPCResponse.is(value), true);
    for (const value of [
      null,
      "success",
      {},
      { status: "success" },
      { status: "ok", data: 1 },
      [],
      { data: 1 },
    ]) {
      assert.equal(RPCResponse.is(value), false);
    }
  });

  it("unwrap() gives the data, or throws what was wrong", () => {
    assert.equal(RPCResponse.unwrap(RPCResponse({ data: 5 })), 5);
    assert.throws(
      () => RPCResponse.unwrap(RPCResponse({ errors: { id: ["No."] } })),
      (error) =>
        error instanceof FailResponseError &&
        error.code === "fail_response" &&
        /No\./.test(error.message),
    );
    assert.throws(() => RPCResponse.unwrap({ id: 1 } as never), { code: "not_a_response" });
  });
});

describe("RPCStatus", () => {
  it("isSuccess() takes a status or an envelope, and never throws", () => {
    assert.equal(RPCStatus.isSuccess("success"), true);
    assert.equal(RPCStatus.isSuccess({ status: RPCStatus.SUCCESS, data: 1 }), true);
    for (const value of [
      RPCStatus.FAIL,
      { status: "fail" },
      null,
      undefined,
      {},
      [],
      1,
      "SUCCESS",
    ]) {
      assert.equal(RPCStatus.isSuccess(value), false);
    }
  });

  it("may be constructed", () => {
    assert.deepEqual(new RPCResponse({ data: [1] }), { status: "success", data: [1] });
    assert.deepEqual(new RPCResponse({ errors: ["No."] }), { status: "fail", data: ["No."] });
  });
});
