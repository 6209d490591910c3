import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import * as v from "valibot";

import {
  configure,
  fakeTime,
  idle,
  JobClient,
  JobRegistry,
  jobTasks,
  recordCalls,
  Worker,
} from "../../mod.ts";

describe("jobs in tests", () => {
  const route = `testing.${crypto.randomUUID()}`;

  beforeEach(() => configure({ environment: "test" }));
  afterEach(() => {
    jobTasks.delete(route);
    configure({ environment: undefined });
  });

  it("of the default registry are done without a worker, from when they are registered until deleted", async () => {
    await using jobs = new JobClient();
    await assert.rejects(jobs.send(route, 1), { code: "no_route" });
    const done: unknown[] = [];
    jobTasks(route, (input: number) => void done.push(input));
    await jobs.send(route, 1);
    await idle();
    assert.deepEqual(done, [1]);
    jobTasks.delete(route);
    await assert.rejects(jobs.send(route, 2), { code: "no_route" });
  });

  it("pass hours of retries at once under fakeTime()", async () => {
    const attempts: [number, number][] = [];
    await using jobs = new JobClient();
    const retry = { attempts: 6, delay: 60_000, factor: 2, jitter: 0 };
    jobTasks(route, { retry }, (_: unknown, ctx) => {
      attempts.push([ctx.attempt, Math.round(time.elapsed / 60_000)]);
      throw new Error("never");
    });
    const time = fakeTime();
    try {
      await jobs.send(route, 1, { delay: 3_600_000 });
      await time.advance(3_590_000);
      assert.equal(attempts.length, 0);
      await time.advance(3 * 3_600_000);
      // Pauses of 1, 2, 4, 8 and 16 minutes, each rounded up by a quarter at most.
      const minutes = attempts.map(([, minute]) => minute);
      assert.deepEqual(
        attempts.map(([attempt]) => attempt),
        [1, 2, 3, 4, 5, 6],
      );
      assert.equal(minutes[0], 60);
      for (const [index, pause] of [1, 2, 4, 8, 16].entries()) {
        const waited = (minutes[index + 1] ?? 0) - (minutes[index] ?? 0);
        assert.ok(waited >= pause - 1 && waited <= pause * 1.25 + 1, `${waited} for ${pause}`);
      }
    } finally {
      time[Symbol.dispose]();
    }
  });

  it("are dead letters with as many attempts as were made, and in the words of whoever gave up", async () => {
    await using jobs = new JobClient();
    const dead = jobs.deadLetters(route);
    await dead.discard();
    jobTasks(route, { retry: { attempts: 5, delay: 60_000 } }, (input: string, ctx) => {
      const reason: unknown = new Error("the card was refused");
      // Of a program without types.
      if (input === "given up") ctx.giveUp(reason as string);
      throw new Error("once");
    });
    const time = fakeTime();
    try {
      await jobs.send(route, "given up", { id: "given up" });
      await jobs.send(route, "once", { id: "expired later", expires: 30_000 });
      await time.advance(200_000);
    } finally {
      time[Symbol.dispose]();
    }
    const letters = await dead.list();
    assert.deepEqual(
      letters.map(({ id, reason, attempts, error }) => [id, reason, attempts, error?.message]),
      [
        ["given up", "given_up", 1, "the card was refused"],
        ["expired later", "expired", 1, "once"],
      ],
    );
  });

  it("wait for years, in laps of the ladder", async () => {
    let done = 0;
    await using jobs = new JobClient();
    jobTasks(route, () => void done++);
    const time = fakeTime();
    try {
      const year = 365 * 24 * 3_600_000;
      await jobs.send(route, 1, { at: new Date(Date.now() + year) });
      await time.advance(year - 60_000);
      assert.equal(done, 0);
      await time.advance(60_100);
      assert.equal(done, 1);
    } finally {
      time[Symbol.dispose]();
    }
  });

  it("are recorded when they are sent, once, whatever comes of them", async () => {
    const job = jobTasks(
      route,
      { input: v.object({ at: v.number() }), retry: { attempts: 3, delay: 0 } },
      () => {
        throw new Error("no");
      },
    );
    await using jobs = new JobClient();
    using recorder = recordCalls();
    await jobs.send(job, { at: 1 }, { id: "a", headers: { tenant: 7 } });
    await jobs.send(job, { at: 2 }, { id: "b", delay: 100_000, expires: 200_000 });
    await idle();
    const seen = recorder.jobs(job);
    // The input has the job's own type.
    assert.equal(seen[0]?.input.at, 1);
    assert.deepEqual(seen, [
      { route, id: "a", input: { at: 1 }, headers: { tenant: 7 }, delay: 0 },
      { route, id: "b", input: { at: 2 }, headers: {}, delay: 100_032 },
    ]);
    assert.equal(recorder.jobs(route).length, 2);
    assert.deepEqual(recorder.jobs("other"), []);
    assert.deepEqual(recorder.calls(), []);
  });

  it("are waited for by idle(), delayed ones within a bound", async () => {
    const done: unknown[] = [];
    jobTasks(route, async (input: string) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      done.push(input);
    });
    await using jobs = new JobClient();
    await jobs.send(route, "now");
    await jobs.send(route, "soon", { delay: 64 });
    await jobs.send(route, "later", { delay: 3_600_000 });
    await idle();
    assert.deepEqual(done, ["now"]);
    await idle({ within: 1_000 });
    assert.deepEqual(done, ["now", "soon"]);
  });

  it("that nobody does are named by idle()", async () => {
    const registry = new JobRegistry();
    const own = `${route}.own`;
    registry(own, () => {});
    const worker = new Worker({ jobs: registry });
    await worker.start();
    await worker.stop();
    await using jobs = new JobClient();
    await jobs.send(own);
    await assert.rejects(idle({ timeout: 20 }), {
      code: "not_idle",
      message: `Cannot wait longer than 20 ms for all jobs to end: 1 of "${own}" wait, and no worker does them`,
    });
    const again = new Worker({ jobs: registry });
    await again.start();
    await idle();
    await again.stop();
  });
});
