import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { MAX_DELAY, roundedDelay } from "../../src/jobs/delay_ladder.ts";
import type { RetryFunction, RetryPolicy } from "../../src/jobs/retry_policy.ts";
import { attemptsOf, decideRetry, resolveRetry, retryRules } from "../../src/jobs/retry_policy.ts";
import { describeProblems, optionsOf } from "../../src/options/option_rules.ts";

const ERROR = new Error("the storage is away");

/** A random number that changes nothing. */
const MIDDLE = 0.5;

function pauses(retry: RetryPolicy | RetryFunction, random = MIDDLE): (number | false)[] {
  const resolved = resolveRetry(retry);
  const found: (number | false)[] = [];
  for (let attempt = 1; attempt < 100; attempt++) {
    const { delay } = decideRetry(resolved, attempt, ERROR, random);
    found.push(delay);
    if (delay === false) break;
  }
  return found;
}

function problems(retry: unknown): string | undefined {
  return describeProblems(optionsOf({ retry: retryRules() }), { retry });
}

describe("a policy of retries", () => {
  it("by default makes ten attempts over some nine minutes", () => {
    assert.deepEqual(pauses({}), [
      ...[1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072, 262_144].map((delay) =>
        roundedDelay((delay * 1_000) / 1_024),
      ),
      false,
    ]);
    assert.equal(attemptsOf(resolveRetry()), 10);
  });

  it("multiplies the pause up to its max", () => {
    const policy = { attempts: 6, delay: 640, factor: 10, max: 64_000, jitter: 0 };
    const last = roundedDelay(64_000);
    assert.deepEqual(
      pauses(policy),
      [640, 6_400, last, last, last, false].map((delay) =>
        delay === false ? false : roundedDelay(Number(delay)),
      ),
    );
  });

  it("makes one attempt where it says so", () => {
    assert.deepEqual(pauses({ attempts: 1 }), [false]);
  });

  it("has no pause where the delay is 0, however often it is multiplied", () => {
    const policy = resolveRetry({ attempts: 65_535, delay: 0, factor: 100 });
    assert.equal(decideRetry(policy, 60_000, ERROR).delay, 0);
  });

  it("keeps a delay that is longer than the default max", () => {
    assert.deepEqual(pauses({ attempts: 2, delay: 8 * 3_600_000, jitter: 0 }), [
      roundedDelay(8 * 3_600_000),
      false,
    ]);
  });

  it("spreads the pause by its jitter, before it is rounded", () => {
    const of = (random: number): unknown => pauses({ attempts: 2, delay: 64_000 }, random)[0];
    assert.equal(of(0), roundedDelay(48_000));
    assert.equal(of(0.5), roundedDelay(64_000));
    assert.equal(of(0.999_999), roundedDelay(80_000));
    const seen = new Set(
      Array.from({ length: 200 }, () => decideRetry(resolveRetry(), 7, ERROR).delay),
    );
    assert.ok(seen.size >= 3, [...seen].join(" "));
  });

  it("never gives a pause that the ladder cannot keep", () => {
    const policy = fc.record(
      {
        attempts: fc.integer({ min: 1, max: 65_535 }),
        delay: fc.double({ min: 0, max: MAX_DELAY, noNaN: true }),
        factor: fc.double({ min: 1, max: 100, noNaN: true }),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      },
      { requiredKeys: [] },
    );
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 70_000 }), random, (retry, attempt, chance) => {
        const resolved = resolveRetry(retry);
        const { delay, mistake } = decideRetry(resolved, attempt, ERROR, chance);
        assert.equal(mistake, undefined);
        if (attempt >= attemptsOf(resolved)) return assert.equal(delay, false);
        assert.ok(delay !== false && delay % 64 === 0 && delay >= 0 && delay <= 2.5 * MAX_DELAY);
      }),
    );
  });
});

describe("a function of retries", () => {
  it("gets the attempt and what was thrown, and decides", () => {
    const seen: unknown[] = [];
    const retry: RetryFunction = (attempt, error) => {
      seen.push(attempt, error);
      return attempt < 3 && 128 * attempt;
    };
    assert.deepEqual(pauses(retry), [128, 256, false]);
    assert.deepEqual(seen, [1, ERROR, 2, ERROR, 3, ERROR]);
    assert.equal(attemptsOf(retry), Infinity);
  });

  it("has its pause rounded up to what the ladder can keep", () => {
    assert.equal(decideRetry(() => 1, 1, ERROR).delay, 64);
    assert.equal(decideRetry(() => 0, 1, ERROR).delay, 0);
    assert.equal(decideRetry(() => 10_000, 1, ERROR).delay, roundedDelay(10_000));
  });

  it("that throws is told, and the default policy decides", () => {
    const cause = new Error("no such table");
    const retry = (): never => {
      throw cause;
    };
    const { delay, mistake } = decideRetry(retry, 2, ERROR, MIDDLE);
    assert.equal(delay, roundedDelay(2_000));
    assert.deepEqual(mistake, { message: "it threw: no such table", cause });
    assert.equal(decideRetry(retry, 10, ERROR).delay, false);
  });

  for (const [answer, told] of [
    [undefined, "undefined"],
    [null, "null"],
    [true, "boolean"],
    [Number.NaN, "NaN"],
    [-1, "-1"],
    [Infinity, "Infinity"],
    [MAX_DELAY + 1, "315576000001"],
    ["1s", '"1s"'],
    [{}, "object"],
    [[1], "a list"],
  ] as const) {
    it(`that returns ${told} is told, and the default policy decides`, () => {
      const { delay, mistake } = decideRetry((() => answer) as RetryFunction, 1, ERROR, MIDDLE);
      assert.equal(delay, 1_024);
      assert.equal(
        mistake?.message,
        `it returned ${told}, and must return false or a number of milliseconds from 0 to 315576000000, which is ten years`,
      );
    });
  }

  it("that is asynchronous is told, and its rejection ends no process", async () => {
    const retry = async (): Promise<number> => {
      await Promise.resolve();
      throw new Error("late");
    };
    const { delay, mistake } = decideRetry(retry as unknown as RetryFunction, 1, ERROR, MIDDLE);
    assert.equal(delay, 1_024);
    assert.match(mistake?.message ?? "", /^it returned a promise, and must/);
    await new Promise((resolve) => setTimeout(resolve));
  });
});

describe("the option `retry`", () => {
  it("takes policies and functions", () => {
    const policy = { attempts: 3, delay: 0, factor: 1, max: MAX_DELAY, jitter: 0 };
    for (const retry of [undefined, {}, policy, () => false, { delay: 7_200_000 }])
      assert.equal(problems(retry), undefined);
  });

  for (const [retry, told] of [
    [{ attempts: 0 }, "retry.attempts must be a whole number from 1 to 65535"],
    [{ attempts: 1.5 }, "retry.attempts must be a whole number from 1 to 65535"],
    [
      { delay: -1 },
      "retry.delay must be a number of milliseconds from 0 to 315576000000, which is ten years",
    ],
    [
      { delay: Number.NaN },
      "retry.delay must be a number of milliseconds from 0 to 315576000000, which is ten years",
    ],
    [{ factor: 0.5 }, "retry.factor must be a number from 1 to 100"],
    [
      { max: "1h" },
      "retry.max must be a number of milliseconds from 0 to 315576000000, which is ten years",
    ],
    [{ jitter: 25 }, "retry.jitter must be a number from 0 to 1"],
    [{ delay: 10, max: 5 }, "retry must not have a max below its delay"],
    [{ attempt: 3 }, "retry.attempt is not an option; did you mean attempts?"],
    [3, "retry must be an object or a function of (attempt, error): number"],
    [false, "retry must be an object or a function of (attempt, error): boolean"],
    [null, "retry must be an object or a function of (attempt, error): null"],
    [[1_000], "retry must be an object or a function of (attempt, error): a list"],
  ] as const) {
    it(`refuses ${JSON.stringify(retry)}`, () => assert.equal(problems(retry), told));
  }
});
