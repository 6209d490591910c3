import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { drainInFlight } from "../chaos/drain.ts";
import { brokerURL, inspectQueue, needsBroker } from "../support/broker.ts";
import { Bench } from "../support/adapters.ts";

describe("a worker that stops with 1,000 calls in flight", needsBroker, () => {
  for (const concurrency of [100, 1_000]) {
    it(`lets every reply out and gives back exactly what it had not begun, ${concurrency} at a time`, async () => {
      await using bench = new Bench({ url: brokerURL, environment: "" }, true);
      const drained = await drainInFlight(bench, { calls: 1_000, concurrency }, async (route) => {
        return (await inspectQueue(route)).messageCount;
      });
      assert.ok(drained.begun >= concurrency, `began ${drained.begun}`);
      assert.ok(drained.begun < 1_000 || concurrency === 1_000);
      assert.equal(drained.repliesOfFirst, drained.begun, "replies of what was begun");
      assert.equal(drained.givenBack, 1_000 - drained.begun, "what lies in the queue");
      assert.equal(drained.answered, 1_000, "answers in the end");
      assert.equal(drained.handledTwice, 0, "calls that ran twice");
    });
  }
});
