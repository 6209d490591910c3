import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Expiring } from "../../src/time/deadlines.ts";
import { Deadlines } from "../../src/time/deadlines.ts";

function entry(onDeadline: () => void): Expiring {
  return { tick: 0, onDeadline };
}

describe("Deadlines", () => {
  it("are never early, late by at most 20 ms in the median, and in order", async () => {
    const deadlines = new Deadlines();
    const begin = performance.now();
    const expired: { planned: number; late: number }[] = [];
    const times = [70, 5, 31, 90, 12, 55, 31, 8, 100, 44];
    await Promise.all(
      times.map(
        (planned) =>
          new Promise<void>((resolve) => {
            const onDeadline = (): void => {
              expired.push({ planned, late: performance.now() - begin - planned });
              resolve();
            };
            deadlines.add(entry(onDeadline), begin + planned);
          }),
      ),
    );
    assert.ok(
      expired.every(({ late }) => late >= 0),
      JSON.stringify(expired),
    );
    const sorted = expired.map(({ late }) => late).sort((a, b) => a - b);
    assert.ok((sorted[5] ?? Infinity) <= 20, JSON.stringify(expired));
    // Those of one slot are due together.
    const order = expired.map(({ planned }) => planned);
    assert.ok(
      order.every((planned, i) => planned + 10 >= Math.max(...order.slice(0, i + 1))),
      String(order),
    );
  });

  it("do not call what was deleted, not even when an entry of the same moment deletes it", async () => {
    const deadlines = new Deadlines();
    const called: string[] = [];
    const deleted = entry(() => called.push("deleted"));
    const second = entry(() => called.push("second"));
    const first = entry(() => {
      called.push("first");
      deadlines.delete(second);
    });
    deadlines.add(deleted, performance.now() + 5);
    deadlines.add(first, performance.now() + 20);
    deadlines.add(second, performance.now() + 20);
    deadlines.delete(deleted);
    deadlines.delete(deleted);
    await new Promise<void>((resolve) => deadlines.add(entry(resolve), performance.now() + 60));
    assert.deepEqual(called, ["first"]);
  });

  it("take entries that are added by an expiring one", async () => {
    const deadlines = new Deadlines();
    await new Promise<void>((resolve) =>
      deadlines.add(
        entry(() => deadlines.add(entry(resolve), performance.now() + 1)),
        performance.now() + 1,
      ),
    );
  });
});

describe("a deadline that no timer reaches", () => {
  it("is waited for in steps that timers take, and is not early", async () => {
    const delays: number[] = [];
    const { setTimeout: real } = globalThis;
    // The clock is looked at with each deadline that is added.
    globalThis.setTimeout = ((callback: () => void, delay: number) => {
      delays.push(delay);
      return real(callback, delay);
    }) as typeof setTimeout;
    let early = false;
    const deadlines = new Deadlines();
    const far = entry(() => (early = true));
    try {
      const now = performance.now();
      for (const milliseconds of [2 ** 31 - 1, 2 ** 31, 50 * 24 * 3_600_000, 1e300]) {
        deadlines.add(far, now + milliseconds);
        deadlines.delete(far);
      }
      deadlines.add(far, now + 1e12);
      await new Promise<void>((resolve) => deadlines.add(entry(resolve), now + 40));
    } finally {
      globalThis.setTimeout = real;
    }
    assert.ok(delays.length > 1 && delays.every((delay) => delay <= 2 ** 31 - 1), String(delays));
    assert.ok(delays.length < 10, String(delays));
    assert.equal(early, false);
    deadlines.delete(far);
  });

  it("does not keep others from their turn when one of them throws", async () => {
    const deadlines = new Deadlines();
    const at = performance.now() + 10;
    deadlines.add(
      entry(() => {
        throw new Error("a bug");
      }),
      at,
    );
    await Promise.all([
      new Promise<void>((resolve) => deadlines.add(entry(resolve), at)),
      new Promise<void>((resolve) => deadlines.add(entry(resolve), at + 30)),
    ]);
  });
});
