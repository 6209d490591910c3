import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CorrelationIds } from "../../src/client/correlation_ids.ts";

describe("correlation ids", () => {
  it("differ from each other, and no random part comes twice", () => {
    const ids = new CorrelationIds();
    const made = Array.from({ length: 5_000 }, (_, index) => ids.nameOf(index + 1));
    assert.equal(new Set(made).size, made.length);
    const secrets = made.map((id) => id.split(".")[1] ?? "");
    assert.ok(secrets.every((secret) => /^[\w-]{8}$/.test(secret)));
    // Of 2^48 the same one twice would be a wonder.
    assert.equal(new Set(secrets).size, made.length);
  });

  it("have all 64 letters at each of the random places", () => {
    const ids = new CorrelationIds();
    const seen = Array.from({ length: 8 }, () => new Set<string>());
    for (let made = 0; made < 5_000; made++) {
      const [, secret = ""] = ids.nameOf(made).split(".");
      seen.forEach((letters, place) => letters.add(secret.charAt(place)));
    }
    assert.deepEqual(
      seen.map(({ size }) => size),
      Array.from({ length: 8 }, () => 64),
    );
  });

  it("of two callers have nothing in common", () => {
    const [one, other] = [new CorrelationIds().nameOf(1), new CorrelationIds().nameOf(1)];
    assert.notEqual(one.split(".")[0], other.split(".")[0]);
  });

  it("are known by the caller that made them", () => {
    const [ids, others] = [new CorrelationIds(), new CorrelationIds()];
    assert.ok(ids.isOwn(ids.nameOf(1)));
    for (const id of [others.nameOf(1), `x${ids.nameOf(1)}`, "", "."])
      assert.ok(!ids.isOwn(id), id);
  });

  it("tell their number", () => {
    const ids = new CorrelationIds();
    for (const number of [1, 9, 10, 128, 1_000_000, 2 ** 40])
      assert.equal(ids.numberOf(ids.nameOf(number)), number);
    for (const id of ["", ".", "a.b.", "abc", "7", `.${"9".repeat(250)}x`])
      assert.equal(ids.numberOf(id), 0, id);
  });
});
