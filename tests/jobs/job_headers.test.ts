import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { MAX_DELAY } from "../../src/jobs/delay_ladder.ts";
import type { JobState } from "../../src/jobs/job_headers.ts";
import { copyHeaders, readJobState, writeJobState } from "../../src/jobs/job_headers.ts";
import { findTooLong } from "../../src/transport/limits.ts";

const FRAME = 131_072;

const FRESH: JobState = {
  attempt: 1,
  firstSentAt: undefined,
  lastError: undefined,
  delayLeft: 0,
  expiresAt: undefined,
};

const FAILED: JobState = {
  attempt: 3,
  firstSentAt: 1_700_000_000_000,
  lastError: { name: "Error", message: "away", at: 1_700_000_001_000 },
  delayLeft: 5_000_000_000,
  expiresAt: 1_700_000_900_000,
};

describe("where a job stands, in its headers", () => {
  it("is nothing for one that was just sent", () => {
    assert.deepEqual(writeJobState(FRESH), {});
    assert.deepEqual(readJobState({}), FRESH);
  });

  it("is read back as it was written", () => {
    assert.deepEqual(writeJobState(FAILED), {
      "bgtasks-attempt": 3,
      "bgtasks-first-at": 1_700_000_000_000,
      "bgtasks-last-error": '{"name":"Error","message":"away","at":1700000001000}',
      "bgtasks-delay-left": 5_000_000_000,
      "bgtasks-expires-at": 1_700_000_900_000,
    });
    assert.deepEqual(readJobState(writeJobState(FAILED)), FAILED);
  });

  it("has the time that the sender's properties tell, as long as no header does", () => {
    assert.equal(readJobState({}, 1_700_000_000).firstSentAt, 1_700_000_000_000);
    assert.equal(readJobState({ "bgtasks-first-at": 5 }, 1_700_000_000).firstSentAt, 5);
    assert.equal(readJobState({}, 2 ** 63).firstSentAt, undefined);
    assert.equal(readJobState({ "bgtasks-first-at": -5 }, 7).firstSentAt, 7_000);
  });

  it("is the first attempt when the header claims something that cannot be", () => {
    for (const attempt of [0, -1, 1.5, 1_000_001, Number.NaN, Infinity, "3", null, [3], 3n])
      assert.equal(readJobState({ "bgtasks-attempt": attempt }).attempt, 1, String(attempt));
    assert.equal(readJobState({ "bgtasks-attempt": 1_000_000 }).attempt, 1_000_000);
  });

  it("never counts so far that the count begins anew", () => {
    const { headers } = copyHeaders({}, { ...FRESH, attempt: 1_000_001 }, {}, FRAME);
    assert.equal(readJobState(headers).attempt, 1_000_000);
  });

  it("waits no longer than a job may", () => {
    const left = (value: unknown): number =>
      readJobState({ "bgtasks-delay-left": value }).delayLeft;
    assert.equal(left(1e300), MAX_DELAY);
    for (const value of [-1, Number.NaN, "5", {}, true]) assert.equal(left(value), 0);
  });

  it("is read from whatever a peer wrote, with the types it has", () => {
    const names = fc.constantFrom(...Object.keys(writeJobState(FAILED)));
    const value = fc.oneof(
      fc.anything(),
      fc.jsonValue().map((json) => JSON.stringify(json)),
    );
    fc.assert(
      fc.property(fc.dictionary(names, value), fc.double(), (headers, timestamp) => {
        const state = readJobState(headers, timestamp);
        assert.ok(Number.isInteger(state.attempt) && state.attempt >= 1);
        assert.ok(state.delayLeft >= 0 && state.delayLeft <= MAX_DELAY);
        for (const moment of [state.firstSentAt, state.expiresAt])
          assert.ok(moment === undefined || !Number.isNaN(new Date(moment).getTime()));
        if (state.lastError) assert.equal(typeof state.lastError.message, "string");
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the headers of a copy", () => {
  it("are the sender's own, and the new state in place of the old", () => {
    const received = { traceparent: "00-1", tenant: 7, urgent: true, ...writeJobState(FAILED) };
    const { headers, dropped } = copyHeaders(received, { ...FRESH, attempt: 4 }, {}, FRAME);
    assert.deepEqual(headers, {
      traceparent: "00-1",
      tenant: 7,
      urgent: true,
      "bgtasks-attempt": 4,
    });
    assert.deepEqual(dropped, []);
  });

  it("have nothing that a broker wrote, and nothing that it would act on", () => {
    const received = {
      "x-death": [{ queue: "bgtasks.v1.delay.06", reason: "expired" }],
      "x-first-death-queue": "q",
      "x-first-death-reason": "expired",
      "x-last-death-exchange": "e",
      "x-delivery-count": 3,
      "x-acquired-count": 4,
      CC: ["another.queue"],
      BCC: ["another.queue"],
      "x-own": "kept",
    };
    assert.deepEqual(copyHeaders(received, FRESH, {}, FRAME), {
      headers: { "x-own": "kept" },
      dropped: [],
    });
  });

  it("keep those that a newer release may have added", () => {
    const { headers } = copyHeaders({ "bgtasks-later": "x" }, FRESH, {}, FRAME);
    assert.deepEqual(headers, { "bgtasks-later": "x" });
  });

  it("tell which of the sender's cannot be written", () => {
    const received = { table: { a: 1 }, list: [1], date: new Date(0), none: null, text: "kept" };
    assert.deepEqual(copyHeaders(received, FRESH, {}, FRAME), {
      headers: { text: "kept" },
      dropped: ["table", "list", "date", "none"],
    });
  });

  it("fit in a frame: without the stack, with less of the message, without the longest of the sender's", () => {
    const more = { "bgtasks-dead": "attempts", "bgtasks-stack": "s".repeat(8_000) };
    const state = { ...FAILED, lastError: { name: "E", message: "m".repeat(2_000), at: 1 } };
    const first = copyHeaders({ short: "x" }, state, more, 8_192);
    assert.deepEqual(first.dropped, ["bgtasks-stack"]);
    assert.equal(readJobState(first.headers).lastError?.message.length, 2_000);
    const second = copyHeaders({ short: "x".repeat(4_000) }, state, more, 8_192);
    assert.deepEqual(second.dropped, ["bgtasks-stack"]);
    assert.ok((readJobState(second.headers).lastError?.message.length ?? 0) < 300);
    const third = copyHeaders({ short: "x", long: "x".repeat(9_000) }, state, more, 8_192);
    assert.deepEqual(third.dropped, ["bgtasks-stack", "long"]);
    assert.equal(third.headers["short"], "x");
    for (const { headers } of [first, second, third]) {
      assert.equal(findTooLong(headers, { frameMax: 8_192 }), undefined);
      assert.equal(headers["bgtasks-dead"], "attempts");
      assert.equal(headers["bgtasks-attempt"], 3);
    }
  });

  it("fit in the smallest frame whatever came in, and never without the state", () => {
    const name = fc.string({ minLength: 1, maxLength: 255 });
    const value = fc.oneof(fc.string({ maxLength: 9_000 }), fc.integer(), fc.boolean());
    fc.assert(
      fc.property(fc.dictionary(name, value), (received) => {
        const error = { name: "N".repeat(128), message: "\u0001".repeat(2_048), at: 1 };
        const { headers } = copyHeaders(received, { ...FAILED, lastError: error }, {}, 8_192);
        assert.equal(findTooLong(headers, { frameMax: 8_192 }), undefined);
        assert.equal(readJobState(headers).attempt, 3);
        assert.notEqual(readJobState(headers).lastError, undefined);
      }),
      { numRuns: 200 },
    );
  });
});
