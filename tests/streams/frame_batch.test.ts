import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { FrameBatch } from "../../src/streams/frame_batch.ts";

describe("a batch of items", () => {
  it("is a list of JSON, and empty once taken", () => {
    const batch = new FrameBatch(1e6);
    assert.equal(batch.length, 0);
    for (const item of ["1", '"a"', "null"]) batch.add(item);
    assert.equal(batch.take(), '[1,"a",null]');
    assert.equal(batch.length, 0);
    batch.add("{}");
    assert.equal(batch.take(), "[{}]");
  });

  it("is full with 64 KiB or 1,000 items", () => {
    const batch = new FrameBatch(1e9);
    for (let n = 0; n < 999; n++) batch.add("1");
    assert.equal(batch.isFull, false);
    batch.add("1");
    assert.equal(batch.isFull, true);
    batch.take();
    assert.equal(batch.isFull, false);
    batch.add("x".repeat(64 * 1_024));
    assert.equal(batch.isFull, true);
  });

  it("is never longer than a message may be, but for one item alone", () => {
    const batch = new FrameBatch(300);
    const item = JSON.stringify("€".repeat(40));
    assert.equal(batch.isTooLongWith(item), false);
    batch.add(item);
    assert.equal(batch.isTooLongWith(item), false);
    batch.add(item);
    assert.equal(batch.isTooLongWith(item), true);
    assert.ok(new TextEncoder().encode(batch.take()).length <= 300);
    assert.equal(batch.isTooLongWith("x".repeat(1_000)), false);
  });
});
