import assert from "node:assert/strict";
import { it } from "node:test";

import { Worker } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

onBothAdapters("a worker", (adapter) => {
  it("shows of a context what is public, also as JSON", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, (_input: unknown, ctx) => JSON.stringify(ctx));
    await bench.worker();
    const text = await bench.client().call(route, null, { headers: { tenant: "a" } });
    const shown = JSON.parse(String(text));
    assert.deepEqual(Object.keys(shown).sort(), [
      "correlationId",
      "deadline",
      "headers",
      "redelivered",
      "route",
    ]);
    assert.equal(shown.route, route);
    assert.equal(shown.headers.tenant, "a");
  });

  it("runs no more handlers at a time than its concurrency, over all routes", async () => {
    await using bench = adapter.open();
    let [running, most] = [0, 0];
    const handler = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
    };
    bench.registry(bench.route("a"), handler);
    bench.registry(bench.route("b"), handler);
    await bench.worker({ concurrency: 3 });
    const client = bench.client();
    const routes = Array.from({ length: 40 }, (_, n) => bench.route(n % 2 ? "a" : "b"));
    await Promise.all(routes.map((route) => client.call(route)));
    assert.equal(most, 3);
  });

  it("runs no more handlers of a task at a time than the task's concurrency", async () => {
    await using bench = adapter.open();
    let [running, most, fast] = [0, 0, 0];
    const gate = deferred();
    bench.registry(bench.route("slow"), { concurrency: 2 }, async () => {
      most = Math.max(most, ++running);
      await gate.promise;
      running--;
    });
    bench.registry(bench.route("fast"), () => ++fast);
    await bench.worker({ concurrency: 10 });
    const client = bench.client();
    const slow = Array.from({ length: 6 }, () => client.call(bench.route("slow")));
    await waitFor(() => running === 2, "two slow handlers running");
    for (let n = 1; n <= 5; n++) assert.equal(await client.call(bench.route("fast")), n);
    gate.resolve();
    await Promise.all(slow);
    assert.equal(most, 2);
  });

  it("shares a route's requests with other workers", async () => {
    await using bench = adapter.open();
    const seen = new Set<string>();
    const route = bench.route();
    const gate = deferred();
    for (const name of ["one", "two"]) {
      const registry = new (bench.registry
        .constructor as typeof import("../../mod.ts").TaskRegistry)();
      registry(route, async () => {
        seen.add(name);
        await gate.promise;
      });
      await bench.worker({ registry, concurrency: 1 });
    }
    const calls = [1, 2].map(() => bench.client().call(route));
    await waitFor(() => seen.size === 2, "both workers at work");
    gate.resolve();
    await Promise.all(calls);
  });

  it("finishes what it began when stopped, and answers it", async () => {
    await using bench = adapter.open();
    const gate = deferred();
    let started = 0;
    bench.registry(bench.route(), async (n: number) => {
      started++;
      await gate.promise;
      return n;
    });
    const worker = await bench.worker({ concurrency: 5 });
    const calls = Promise.all([1, 2, 3, 4, 5].map((n) => bench.client().call(bench.route(), n)));
    await waitFor(() => started === 5, "five handlers running");
    const stopped = worker.stop();
    gate.resolve();
    await stopped;
    assert.deepEqual(await calls, [1, 2, 3, 4, 5]);
    assert.equal(worker.running, 0);
    assert.deepEqual(worker.status, { state: "closed" });
  });

  it("gives what it did not begin back to the queue, for another worker", async () => {
    await using bench = adapter.open();
    const gate = deferred();
    const handled: string[] = [];
    const route = bench.route();
    bench.registry(route, async (n: number) => {
      handled.push(`first ${n}`);
      await gate.promise;
      return n;
    });
    const first = await bench.worker({ concurrency: 2 });
    const calls = Array.from({ length: 6 }, (_, n) => bench.client().call(route, n));
    await waitFor(() => handled.length === 2, "two handlers running");
    const stopped = first.stop();
    gate.resolve();
    await stopped;
    bench.registry.delete(route);
    bench.registry(route, (n: number) => {
      handled.push(`second ${n}`);
      return n;
    });
    await bench.worker();
    assert.deepEqual(await Promise.all(calls), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual([...handled].sort(), [
      "first 0",
      "first 1",
      "second 2",
      "second 3",
      "second 4",
      "second 5",
    ]);
  });

  it("aborts handlers that outlive the drain timeout and gives their requests back, marked as redelivered", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const [aborted, gate] = [deferred<unknown>(), deferred()];
    let running = 0;
    bench.registry(route, async (_: unknown, { signal }) => {
      running++;
      signal.addEventListener("abort", () => aborted.resolve(signal.reason));
      await gate.promise;
      return "too late";
    });
    const first = await bench.worker({ drainTimeout: 20 });
    const call = bench.client().call(route);
    await waitFor(() => running === 1, "the handler running");
    await first.stop();
    assert.equal(((await aborted.promise) as { code: string }).code, "closed");
    gate.resolve();
    bench.registry.delete(route);
    bench.registry(route, (_: unknown, ctx) => ctx.redelivered);
    await bench.worker();
    assert.equal(await call, true);
  });

  it("looks a handler up for each request, so that an override holds at once", async () => {
    await using bench = adapter.open();
    const task = bench.registry(bench.route(), () => "real");
    await bench.worker();
    const client = bench.client();
    assert.equal(await client.call(bench.route()), "real");
    const override = bench.registry.override(task, () => "fake");
    assert.equal(await client.call(bench.route()), "fake");
    override[Symbol.dispose]();
    assert.equal(await client.call(bench.route()), "real");
    bench.registry.delete(bench.route());
    await assert.rejects(client.call(bench.route()), { name: "RemoteError", code: "not_served" });
  });

  it("serves a handler that calls another task, and another", async () => {
    await using bench = adapter.open();
    const client = bench.client();
    bench.registry(bench.route("inner"), (n: number) => n + 1);
    bench.registry(
      bench.route("outer"),
      async (n: number) => Number(await client.call(bench.route("inner"), n)) * 2,
    );
    await bench.worker();
    assert.equal(await client.call(bench.route("outer"), 4), 10);
  });

  it("survives a caller that left before the reply", async () => {
    await using bench = adapter.open();
    const [started, gate] = [deferred(), deferred()];
    let finished = 0;
    bench.registry(bench.route(), async () => {
      started.resolve();
      await gate.promise;
      return ++finished;
    });
    await bench.worker();
    // A name of its own makes this a connection of its own.
    const leaving = bench.client({ settings: { name: "leaving" } });
    const controller = new AbortController();
    const call = leaving.call(bench.route(), 1, { signal: controller.signal });
    await started.promise;
    controller.abort();
    await assert.rejects(call);
    await leaving.close();
    gate.resolve();
    assert.equal(await bench.client().call(bench.route()), 2);
  });

  it("refuses to start without tasks, and twice to stop is once", async () => {
    await using bench = adapter.open();
    const worker = new Worker({ registry: bench.registry, settings: bench.settings });
    await assert.rejects(worker.start(), { code: "no_tasks" });
    await Promise.all([worker.stop(), worker.stop()]);
    await assert.rejects(
      new Worker({ registry: bench.registry, settings: bench.settings }).start(),
      { code: "no_tasks" },
    );
  });

  for (const options of [
    { concurrency: 0 },
    { concurrency: 1.5 },
    { concurrency: 65_536 },
    { drainTimeout: -1 },
    { drainTimeout: Number.NaN },
  ]) {
    it(`refuses ${Object.entries(options).join(" ")}`, () => {
      assert.throws(() => new Worker({ ...options, settings: adapter.settings }), {
        code: "invalid_worker",
      });
    });
  }
});
