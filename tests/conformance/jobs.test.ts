import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import type { JobContext } from "../../mod.ts";
import { JobUnconfirmedError, NoRouteError } from "../../mod.ts";
import { onBothJobAdapters } from "../support/job_bench.ts";
import { waitFor } from "../support/wait_for.ts";

/** A pause of retries that the ladder keeps as it is: nothing to wait for in tests. */
const SHORT = { delay: 64, factor: 1, jitter: 0 } as const;

/** What a handler saw of an attempt. */
interface Seen {
  readonly input: unknown;
  readonly id: string;
  readonly attempt: number;
  readonly error: string | undefined;
}

function seenOf(input: unknown, { id, attempt, lastError }: JobContext): Seen {
  return { input, id, attempt, error: lastError?.message };
}

onBothJobAdapters("a job", (adapter) => {
  it("is stored when send() resolves, and done once a worker is there", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const seen: Seen[] = [];
    bench.jobs(route, (input: unknown, ctx) => void seen.push(seenOf(input, ctx)));
    // The queue stays when its worker goes.
    const first = await bench.worker();
    await first.stop();
    const client = bench.client();
    const before = Date.now();
    const { id } = await client.send(route, { n: 1, text: "é" }, { id: "job-1" });
    assert.equal(id, "job-1");
    assert.equal((await client.send(route, 2)).id.length, 36, "a random id");
    assert.equal(await bench.waiting(route), 2);
    let firstSentAt: number | undefined;
    using _ = bench.jobs.override(route, (input: unknown, ctx) => {
      firstSentAt ??= ctx.firstSentAt;
      seen.push(seenOf(input, ctx));
      assert.equal(ctx.attempts, 10);
      assert.equal(ctx.redelivered, false);
      assert.equal(ctx.deadline, undefined);
    });
    await bench.worker();
    await waitFor(() => seen.length === 2, "both jobs");
    assert.deepEqual(seen[0], {
      input: { n: 1, text: "é" },
      id: "job-1",
      attempt: 1,
      error: undefined,
    });
    // Whole seconds on the wire.
    assert.ok(Math.abs((firstSentAt ?? 0) - before) < 5_000, String(firstSentAt));
    await waitFor(async () => (await bench.waiting(route)) === 0, "an empty queue");
    assert.equal(await bench.dead(route), 0);
  });

  it("is refused where no worker was ever started, also with a delay", async () => {
    await using bench = adapter.open();
    const client = bench.client();
    const route = bench.route("nobody");
    const refused = { name: "NoRouteError", code: "no_route", route };
    await assert.rejects(client.send(route, 1), refused);
    await assert.rejects(client.send(route, 1, { delay: 60_000 }), NoRouteError);
    await assert.rejects(client.send(route, 1), (error: Error) => {
      assert.match(error.message, /^Cannot send a job to ".*\.nobody" as the broker has no queue/);
      // What runtimes print is the stack.
      assert.ok(error.stack?.includes(error.message), error.stack);
      return true;
    });
  });

  it("runs again after it failed, with one id and the error of the attempt before", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const seen: Seen[] = [];
    bench.jobs(route, { retry: { attempts: 3, ...SHORT } }, (input: unknown, ctx) => {
      seen.push(seenOf(input, ctx));
      // They can be sent on, and what the broker wrote on the way could not.
      if (ctx.attempt === 3) assert.deepEqual(ctx.headers, { tenant: "é" });
      if (ctx.attempt < 3) throw new Error(`attempt ${ctx.attempt}`);
    });
    await bench.worker();
    await bench.client().send(route, [1], { id: "x", headers: { tenant: "é" } });
    await waitFor(() => seen.length === 3, "three attempts");
    assert.deepEqual(seen, [
      { input: [1], id: "x", attempt: 1, error: undefined },
      { input: [1], id: "x", attempt: 2, error: "attempt 1" },
      { input: [1], id: "x", attempt: 3, error: "attempt 2" },
    ]);
    await waitFor(async () => (await bench.waiting(route)) === 0, "an empty queue");
    assert.equal(await bench.dead(route), 0);
  });

  it("goes to the dead letters after its last attempt, when given up, and when its input is wrong", async () => {
    await using bench = adapter.open();
    const [failing, hopeless, strict] = [
      bench.route("failing"),
      bench.route("hopeless"),
      bench.route("strict"),
    ];
    const runs = { failing: 0, hopeless: 0, strict: 0 };
    bench.jobs(failing, { retry: { attempts: 2, ...SHORT } }, () => {
      runs.failing++;
      throw new Error("no");
    });
    bench.jobs(hopeless, (_: unknown, ctx) => {
      runs.hopeless++;
      try {
        ctx.giveUp("no such account");
      } catch {
        // A handler that catches everything does not change its mind by that.
      }
    });
    bench.jobs(strict, { input: v.number() }, () => void runs.strict++);
    await bench.worker();
    const client = bench.client();
    await client.send(failing, 1);
    await client.send(hopeless, 1);
    await client.send(strict, "text");
    for (const route of [failing, hopeless, strict])
      await waitFor(async () => (await bench.dead(route)) === 1, `the dead letter of ${route}`);
    assert.deepEqual(runs, { failing: 2, hopeless: 1, strict: 0 });
  });

  it("waits for its delay, and is put off by its handler without a failed attempt", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const seen: Seen[] = [];
    const times: number[] = [];
    bench.jobs(route, (input: unknown, ctx) => {
      seen.push(seenOf(input, ctx));
      times.push(performance.now());
      if (seen.length === 1) ctx.later(128);
    });
    await bench.worker();
    const sentAt = performance.now();
    await bench.client().send(route, "soon", { id: "x", delay: 192 });
    await waitFor(() => seen.length === 2, "both runs");
    const [first = 0, second = 0] = times;
    // A broker's clock and ours may differ by a tick.
    assert.ok(first - sentAt >= 190, `after ${first - sentAt} ms`);
    assert.ok(second - first >= 126, `after ${second - first} ms more`);
    assert.deepEqual(
      seen.map(({ attempt }) => attempt),
      [1, 1],
    );
  });

  it("that took longer than its timeout has failed, and hears of it", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const seen: Seen[] = [];
    const options = { timeout: 50, retry: { attempts: 2, ...SHORT } };
    bench.jobs(route, options, async (input: unknown, ctx) => {
      seen.push(seenOf(input, ctx));
      if (ctx.attempt > 1) return;
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    });
    await bench.worker();
    await bench.client().send(route, 1, { id: "x" });
    await waitFor(() => seen.length === 2, "the second attempt");
    assert.match(seen[1]?.error ?? "", /took longer than 50 ms/);
  });

  it("that nobody ran in time is not run any more", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let runs = 0;
    bench.jobs(route, () => void runs++);
    const first = await bench.worker();
    await first.stop();
    await bench.client().send(route, 1, { expires: 20 });
    await new Promise((resolve) => setTimeout(resolve, 40));
    await bench.worker();
    await waitFor(async () => (await bench.dead(route)) === 1, "the dead letter");
    assert.equal(runs, 0);
  });

  it("goes back to its queue when its worker stops, and another does it", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const seen: boolean[] = [];
    let isHanging = true;
    bench.jobs(route, async (_: unknown, ctx) => {
      seen.push(ctx.redelivered);
      if (isHanging) await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    });
    const first = await bench.worker({ drainTimeout: 10 });
    await bench.client().send(route);
    await waitFor(() => seen.length === 1, "the first run");
    isHanging = false;
    await first.stop();
    await bench.worker();
    await waitFor(() => seen.length === 2, "the second run");
    assert.deepEqual(seen, [false, true]);
  });

  it("runs no more than so many at a time, and one at a time in order", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const done: unknown[] = [];
    let [running, most] = [0, 0];
    bench.jobs(route, { concurrency: 1 }, async (input: unknown) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      done.push(input);
    });
    await bench.worker();
    const inputs = Array.from({ length: 50 }, (_, index) => index);
    const sent = await bench.client().sendMany(route, inputs, { id: (n) => `job-${String(n)}` });
    assert.deepEqual(sent[7], { id: "job-7" });
    await waitFor(() => done.length === 50, "all jobs");
    assert.deepEqual(done, inputs);
    assert.equal(most, 1);
  });

  it("may have the route of a call", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let runs = 0;
    bench.jobs(route, () => void runs++);
    const worker = await bench.worker();
    assert.equal(worker.running, 0);
    await bench.client().send(route);
    await waitFor(() => runs === 1, "the job");
  });

  it("is refused by a client that is closed, and waited for by one that closes", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.jobs(route, () => {});
    await bench.worker();
    const client = bench.client();
    const sent = client.send(route, 1, { id: "last" });
    await client.close();
    assert.deepEqual(await sent, { id: "last" });
    await assert.rejects(client.send(route, 1), { code: "closed" });
  });

  it("tells its sender that nobody knows whether it is stored", async () => {
    await using bench = adapter.open();
    // Nobody listens there.
    const settings = { url: "amqp://127.0.0.1:1", environment: "" };
    const client = bench.client({ settings });
    await assert.rejects(client.send(bench.route(), 1, { id: "x", timeout: 50 }), (error) => {
      assert.ok(error instanceof JobUnconfirmedError);
      assert.equal(error.id, "x");
      assert.equal(error.wasSent, false);
      assert.match(
        error.message,
        /so it is not stored: (?:there was no connection|.*127\.0\.0\.1:1)/,
      );
      return true;
    });
  });
});

onBothJobAdapters("the end of a job", (adapter) => {
  it("is that it is done, though its time to begin is over when its handler ends", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let done = 0;
    bench.jobs(route, async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      done++;
    });
    await bench.worker();
    await bench.client().send(route, 1, { expires: 200 });
    await waitFor(() => done === 1, "the job");
    await waitFor(async () => (await bench.waiting(route)) === 0, "an empty queue");
    const worker = await bench.worker();
    await worker.stop();
    assert.equal(await bench.dead(route), 0);
  });

  it("is not among the dead letters when the worker stops during the last attempt", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let runs = 0;
    bench.jobs(route, { retry: { attempts: 1 } }, async (_: unknown, ctx) => {
      if (++runs > 1) return;
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      throw ctx.signal.reason;
    });
    const first = await bench.worker({ drainTimeout: 10 });
    await bench.client().send(route);
    await waitFor(() => runs === 1, "the first run");
    using told = captureErrors();
    await first.stop();
    await bench.worker();
    await waitFor(() => runs === 2, "the second run");
    assert.deepEqual(
      told.texts.filter((text) => text.includes("dead letter")),
      [],
    );
    assert.equal(await bench.dead(route), 0);
  });
});

/** What goes to standard error meanwhile. */
function captureErrors(): Disposable & { readonly texts: readonly string[] } {
  const texts: string[] = [];
  const { error } = console;
  console.error = (...args: readonly unknown[]) => void texts.push(args.map(String).join(" "));
  return { texts, [Symbol.dispose]: () => void (console.error = error) };
}
