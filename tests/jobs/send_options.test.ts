import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { MAX_DELAY } from "../../src/jobs/delay_ladder.ts";
import type { JobSendOptions, ResolvedSendOptions } from "../../src/jobs/send_options.ts";
import { takeSendOptions } from "../../src/jobs/send_options.ts";

const NOW = Date.UTC(2026, 0, 1);

function take(options: unknown): ResolvedSendOptions {
  const settings = { frameMax: 8_192, rpcTimeout: 60_000 };
  return takeSendOptions("images.resize", options as JobSendOptions | undefined, settings, NOW);
}

describe("the options of a job that is sent", () => {
  it("give it an id of its own and send it at once", () => {
    for (const options of [undefined, {}]) {
      const first = take(options);
      assert.match(first.id, /^[0-9a-f-]{36}$/);
      assert.notEqual(first.id, take(options).id);
      assert.deepEqual(first, {
        id: first.id,
        delay: 0,
        expiresAt: undefined,
        timeout: 60_000,
        headers: undefined,
        exchange: undefined,
      });
    }
  });

  it("are taken as given", () => {
    const headers = { tenant: 7 };
    assert.deepEqual(take({ id: "resize-7", delay: 1_500, expires: 60_000, timeout: 5, headers }), {
      id: "resize-7",
      delay: 1_500,
      expiresAt: NOW + 60_000,
      timeout: 5,
      headers: { tenant: 7 },
      exchange: undefined,
    });
    assert.equal(take({ exchange: "default" }).exchange, "default");
    assert.equal(take({ id: "ä".repeat(127) }).id, "ä".repeat(127));
  });

  it("wait until a time, and not at all for one that is over", () => {
    assert.equal(take({ at: new Date(NOW + 5_000) }).delay, 5_000);
    assert.equal(take({ at: new Date(NOW - 5_000) }).delay, 0);
    assert.equal(take({ at: new Date(0) }).delay, 0);
    assert.equal(take({ at: new Date(NOW + MAX_DELAY) }).delay, MAX_DELAY);
  });

  for (const [options, told] of [
    [
      { delay: -1 },
      `delay must be a number of milliseconds from 0 to ${MAX_DELAY}, which is ten years: -1`,
    ],
    [
      { delay: Number.NaN },
      `delay must be a number of milliseconds from 0 to ${MAX_DELAY}, which is ten years: NaN`,
    ],
    [
      { delay: MAX_DELAY + 1 },
      `delay must be a number of milliseconds from 0 to ${MAX_DELAY}, which is ten years: ${MAX_DELAY + 1}`,
    ],
    [
      { delay: "1m" },
      `delay must be a number of milliseconds from 0 to ${MAX_DELAY}, which is ten years: text of 2 bytes`,
    ],
    [{ at: new Date(Number.NaN) }, "at must be a valid Date"],
    [{ at: NOW }, `at must be a Date: ${NOW}`],
    [
      { at: new Date(Date.UTC(2036, 0, 3)) },
      "at must be at most ten years from now: 2036-01-03T00:00:00.000Z",
    ],
    [{ delay: 5, at: new Date(NOW) }, "delay and at exclude each other: give one of them"],
    [{ id: "" }, "id must be text of 1 to 255 bytes: text of 0 bytes"],
    [{ id: "i".repeat(256) }, "id must be text of 1 to 255 bytes: text of 256 bytes"],
    [{ id: "ä".repeat(128) }, "id must be text of 1 to 255 bytes: text of 256 bytes"],
    [{ id: 7 }, "id must be text of 1 to 255 bytes: 7"],
    [{ timeout: 0 }, "timeout must be a number of milliseconds above 0, at most 2147483647: 0"],
    [
      { timeout: Infinity },
      "timeout must be a number of milliseconds above 0, at most 2147483647: Infinity",
    ],
    [
      { expires: 0 },
      `expires must be a number of milliseconds from 0 to ${MAX_DELAY}, which is ten years, and not 0: 0`,
    ],
    [{ expires: 500, delay: 500 }, "expires must be longer than the delay, or the job never runs"],
    [
      { expires: 500, at: new Date(NOW + 900) },
      "expires must be longer than the delay, or the job never runs",
    ],
    [{ exchange: "" }, "exchange must be text of 1 to 255 bytes: text of 0 bytes"],
    [
      { exchange: "default", delay: 5 },
      "exchange excludes delay and at: a delayed job arrives at a queue, not at an exchange",
    ],
    [{ delays: 5 }, "delays is not an option; did you mean delay?"],
    [null, "its options must be an object: null"],
    [5, "its options must be an object: number"],
    [[], "its options must be an object: a list"],
  ] as const) {
    it(`refuse ${JSON.stringify(options).slice(0, 60)}: ${told.slice(0, 40)}`, () => {
      assert.throws(() => take(options), {
        code: "invalid_options",
        message: `Cannot send a job to "images.resize", because ${told}`,
      });
    });
  }

  it("refuse headers of the library and of the broker", () => {
    for (const [name, message] of [
      ["bgtasks-attempt", /names that begin with "bgtasks-" belong to the library/],
      ["bgtasks-later", /names that begin with "bgtasks-" belong to the library/],
      ["x-death", /the broker writes or acts on "x-death"/],
      ["x-first-death-queue", /the broker writes or acts on "x-first-death-queue"/],
      ["CC", /the broker writes or acts on "CC"/],
      ["BCC", /the broker writes or acts on "BCC"/],
    ] as const) {
      const told = { code: "invalid_headers", message };
      assert.throws(() => take({ headers: { [name]: "x" } }), told);
    }
    assert.throws(() => take({ headers: { big: "x".repeat(9_000) } }), { code: "invalid_headers" });
    assert.throws(() => take({ headers: { list: [] } }), { code: "invalid_headers" });
  });
});
