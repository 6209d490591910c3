import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import {
  DELAY_UNIT,
  DUE_EXCHANGE,
  enterLadder,
  exactDelay,
  fitsLadder,
  ladderTopology,
  LONGEST_WAY,
  LOST_EXCHANGE,
  LOST_QUEUE,
  MAX_DELAY,
  readDestination,
  roundedDelay,
} from "../../src/jobs/delay_ladder.ts";
import { byteLength } from "../../src/messages/byte_length.ts";
import { followLadder, waysOut } from "./ladder_model.ts";

const QUEUE = "bgtasks.job.images.resize";
const DAY = 24 * 3_600_000;

const anyDelay = fc.oneof(
  fc.double({ min: 0.001, max: MAX_DELAY, noNaN: true }),
  fc.integer({ min: 0, max: 100_000 }),
  fc.integer({ min: 0, max: 42 }).map((power) => Math.min(2 ** power, MAX_DELAY)),
);

describe("the ladder of delays", () => {
  it("keeps a message for the time that its routing key says, then hands it to its queue", () => {
    fc.assert(
      fc.property(anyDelay, (delay) => {
        const entry = enterLadder(QUEUE, delay);
        const { waited, exchange } = followLadder(entry);
        assert.equal(waited, entry.wait);
        assert.equal(exchange, DUE_EXCHANGE);
        assert.equal(entry.wait + entry.left, exactDelay(delay));
        assert.equal(readDestination(entry.routingKey), QUEUE);
      }),
      { numRuns: 500 },
    );
  });

  it("adds up to the delay over as many laps as it takes, each without a hop too many", () => {
    for (const days of [50, 365, 3_652]) {
      let left = days * DAY;
      let total = 0;
      while (left > 0) {
        const entry = enterLadder(QUEUE, left);
        const { waited, hops } = followLadder(entry);
        if (entry.left > 0) assert.equal(hops, 1);
        total += waited;
        left = entry.left;
      }
      assert.equal(total, exactDelay(days * DAY));
    }
  });

  it("takes 49 days in one way", () => {
    assert.ok(LONGEST_WAY > 49.7 * DAY);
    assert.equal(enterLadder(QUEUE, LONGEST_WAY).left, 0);
    assert.equal(enterLadder(QUEUE, LONGEST_WAY + 1).left, 2 ** 31);
  });

  it("begins at the highest level that is needed", () => {
    assert.equal(enterLadder(QUEUE, 64).exchange, "bgtasks.v1.delay.06");
    assert.equal(enterLadder(QUEUE, 10_000).exchange, "bgtasks.v1.delay.13");
    assert.equal(enterLadder(QUEUE, 2 ** 31).exchange, "bgtasks.v1.delay.31");
  });

  it("is not entered by a delay of 0, and takes one out of range for the nearest", () => {
    assert.equal(enterLadder(QUEUE, 0).exchange, DUE_EXCHANGE);
    assert.equal(enterLadder(QUEUE, -5).exchange, DUE_EXCHANGE);
    const { wait, left } = enterLadder(QUEUE, Infinity);
    assert.equal(wait + left, MAX_DELAY);
  });

  it("writes the queue as one word, so that no other queue's binding fits", () => {
    const { routingKey } = enterLadder("a.b", 64);
    assert.equal(routingKey, `${"0.".repeat(25)}1.a%2Eb`);
  });

  it("has room for a queue of 203 bytes", () => {
    assert.equal(fitsLadder("q".repeat(203)), true);
    assert.equal(fitsLadder("q".repeat(204)), false);
    assert.equal(fitsLadder("ä".repeat(102)), false);
    assert.equal(fitsLadder(".".repeat(68)), false);
    assert.equal(byteLength(enterLadder("q".repeat(203), MAX_DELAY).routingKey), 255);
  });

  it("knows keys that it did not make", () => {
    for (const key of [
      ...["", "1", "a.b.c", QUEUE],
      ...["0.".repeat(26), `${"0.".repeat(25)}x`, `${"2.".repeat(26)}x`],
      ...[`${"0.".repeat(27)}x`, `${"0.".repeat(26)}a.b`],
    ])
      assert.equal(readDestination(key), undefined, key);
  });
});

describe("a delay that is made exact", () => {
  it("is never shorter, and longer by less than a unit", () => {
    fc.assert(
      fc.property(anyDelay, (delay) => {
        const exact = exactDelay(delay);
        assert.ok(exact >= delay && exact < delay + DELAY_UNIT);
        assert.equal(exactDelay(exact), exact);
      }),
    );
  });
});

describe("a delay that is rounded for a retry", () => {
  it("is never shorter, and longer by a quarter and a unit at most, over three hops at most", () => {
    fc.assert(
      fc.property(anyDelay, (delay) => {
        const rounded = roundedDelay(delay);
        assert.ok(rounded >= delay && rounded < delay * 1.25 + DELAY_UNIT, `${rounded}`);
        assert.equal(roundedDelay(rounded), rounded);
        if (rounded <= LONGEST_WAY) {
          const { hops } = followLadder(enterLadder(QUEUE, rounded));
          assert.ok(hops <= 3, `${hops} hops`);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("takes two hops or so where an exact one takes seven", () => {
    const hops = (round: (delay: number) => number): number => {
      let sum = 0;
      for (let i = 0; i < 200; i++) {
        const delay = round(60_000 + i * 17_700);
        sum += followLadder(enterLadder(QUEUE, delay)).hops;
      }
      return sum / 200;
    };
    assert.ok(hops(roundedDelay) < 2.3, `${hops(roundedDelay)}`);
    assert.ok(hops(exactDelay) > 6, `${hops(exactDelay)}`);
  });

  it("takes one hop where delays double from 1,024 ms", () => {
    for (let delay = 1_024; delay < 2 ** 31; delay *= 2)
      assert.equal(followLadder(enterLadder(QUEUE, roundedDelay(delay))).hops, 1);
  });
});

describe("the topology of the ladder", () => {
  const records = ladderTopology();

  it("has 26 levels, each a quorum queue that keeps what it cannot hand on", () => {
    const levels = records.filter(
      (record) => record.kind === "queue" && record.name !== LOST_QUEUE,
    );
    assert.equal(levels.length, 26);
    for (const [index, level] of levels.entries()) {
      assert.ok(level.kind === "queue");
      const below = levels[index - 1];
      assert.deepEqual(level.arguments, {
        "x-queue-type": "quorum",
        "x-message-ttl": 2 ** (index + 6),
        "x-dead-letter-exchange": below?.kind === "queue" ? below.name : DUE_EXCHANGE,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
      });
    }
  });

  it("declares nothing before what it needs", () => {
    const declared = new Set<string>();
    for (const record of records) {
      if (record.kind === "binding") {
        assert.ok(declared.has(`exchange ${record.source}`), record.source);
        assert.ok(declared.has(`${record.target.kind} ${record.target.name}`));
        continue;
      }
      assert.notEqual(record.kind, "expected queue");
      if (record.kind === "expected queue") continue;
      for (const name of ["x-dead-letter-exchange", "alternate-exchange"]) {
        const needed = record.arguments[name];
        if (needed !== undefined) assert.ok(declared.has(`exchange ${needed}`), String(needed));
      }
      declared.add(`${record.kind} ${record.name}`);
    }
  });

  it("leads what no queue takes to the dead letters of the lost, from every exchange", () => {
    for (const record of records) {
      if (record.kind === "exchange" && record.name !== LOST_EXCHANGE)
        assert.deepEqual(record.arguments, { "alternate-exchange": LOST_EXCHANGE });
    }
    assert.deepEqual(waysOut(LOST_EXCHANGE, "anything"), [{ kind: "queue", name: LOST_QUEUE }]);
    assert.deepEqual(waysOut("bgtasks.v1.delay.31", "2.0.x"), []);
  });

  it("gives no queue a length, an expiry or a priority", () => {
    for (const record of records) {
      if (record.kind !== "queue") continue;
      for (const name of ["x-max-length", "x-max-length-bytes", "x-expires", "x-max-priority"])
        assert.equal(record.arguments[name], undefined);
    }
  });
});
