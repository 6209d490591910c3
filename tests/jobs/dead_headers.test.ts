import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { readDeadState, redriven, writeDeadState } from "../../src/jobs/dead_headers.ts";

const QUEUE = "bgtasks.dead.bgtasks.job.images.resize";
const AT = 1_700_000_000_000;

function death(reason: string, queue = "bgtasks.job.images.resize"): unknown {
  return { count: 1, reason, queue, time: new Date(AT), exchange: "", "routing-keys": [queue] };
}

describe("why a job is among the dead letters", () => {
  for (const reason of ["attempts", "given_up", "invalid", "expired"] as const) {
    it(`is ${reason} where a worker wrote so`, () => {
      const headers = writeDeadState(reason, AT, "Error: x\n  at y");
      assert.deepEqual(readDeadState(headers, QUEUE), {
        reason,
        deadAt: AT,
        stack: "Error: x\n  at y",
      });
    });
  }

  it("is unreadable where a worker rejected it, so that the broker kept it as it was", () => {
    assert.equal(readDeadState({ "x-death": [death("rejected")] }, QUEUE).reason, "unreadable");
  });

  it("has no stack where the task keeps none", () => {
    const headers = writeDeadState("attempts", AT, undefined);
    assert.deepEqual(headers, { "bgtasks-dead": "attempts", "bgtasks-dead-at": AT });
  });

  it("is delivery_limit where the broker gave up, also behind the ladder's own entries", () => {
    const headers = {
      "x-death": [death("expired", "bgtasks.v1.delay.06"), death("delivery_limit")],
    };
    assert.deepEqual(readDeadState(headers, QUEUE), {
      reason: "delivery_limit",
      deadAt: AT,
      stack: undefined,
    });
  });

  it("is not what a forged header says, where the broker says something else", () => {
    const headers = { "x-death": [death("delivery_limit")], ...writeDeadState("given_up", 1, "x") };
    assert.equal(readDeadState(headers, QUEUE).reason, "delivery_limit");
  });

  it("is unrouted among the lost, whatever they waited for before", () => {
    const headers = { "x-death": [death("expired", "bgtasks.v1.delay.06")] };
    assert.equal(readDeadState(headers, "bgtasks.dead").reason, "unrouted");
  });

  it("is unknown for policies of the broker and for strangers", () => {
    assert.equal(readDeadState({ "x-death": [death("maxlen")] }, QUEUE).reason, "unknown");
    assert.equal(readDeadState({ "bgtasks-dead": "unrouted" }, QUEUE).reason, "unknown");
    assert.equal(readDeadState({}, QUEUE).reason, "unknown");
  });

  it("is read from whatever the headers are", () => {
    const entry = fc.dictionary(
      fc.constantFrom("queue", "reason", "time"),
      fc.oneof(fc.anything(), fc.constant(QUEUE.slice(13)), fc.date()),
    );
    const headers = fc.record(
      {
        "x-death": fc.oneof(fc.anything(), fc.array(fc.oneof(entry, fc.anything()))),
        "bgtasks-dead": fc.anything(),
        "bgtasks-dead-at": fc.anything(),
        "bgtasks-stack": fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(headers, (received) => {
        const { reason, deadAt, stack } = readDeadState(received, QUEUE);
        assert.equal(typeof reason, "string");
        assert.ok(deadAt === undefined || !Number.isNaN(new Date(deadAt).getTime()));
        assert.ok(stack === undefined || typeof stack === "string");
      }),
      { numRuns: 500 },
    );
  });
});

describe("a dead letter that begins anew", () => {
  it("has all its attempts and no expiry, and keeps its age and its last error", () => {
    const lastError = { name: "Error", message: "away", at: 1 };
    const state = { attempt: 10, firstSentAt: 5, lastError, delayLeft: 64, expiresAt: 6 };
    assert.deepEqual(redriven(state), {
      attempt: 1,
      firstSentAt: 5,
      lastError,
      delayLeft: 0,
      expiresAt: undefined,
    });
  });
});
