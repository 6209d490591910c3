import assert from "node:assert/strict";
import { it } from "node:test";

import type { TaskContext } from "../../mod.ts";
import { RemoteError, RPCTimeoutError } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

/** How many of something run at a time, now and at most. */
class Gauge {
  now = 0;
  max = 0;
  total = 0;

  enter(): void {
    this.total++;
    this.max = Math.max(this.max, ++this.now);
  }

  leave(): void {
    this.now--;
  }
}

onBothAdapters("concurrency", (adapter) => {
  it("counts a handler until it ends, though its caller was told that it took too long", async () => {
    await using bench = adapter.open();
    const gauge = new Gauge();
    const gate = deferred();
    const options = { concurrency: 1, timeout: 20 };
    bench.registry(bench.route(), options, async (input: number) => {
      gauge.enter();
      if (input === 0) await gate.promise;
      gauge.leave();
      return input;
    });
    await bench.worker();
    const client = bench.client();
    const first = await client.call(bench.route(), 0).catch((error: unknown) => error);
    assert.ok(first instanceof RemoteError && first.code === "handler_timeout", String(first));
    const others = [1, 2, 3].map((input) => client.call(bench.route(), input));
    const early = client.call(bench.route(), 9, { timeout: 100 });
    await assert.rejects(early, RPCTimeoutError);
    assert.equal(gauge.total, 1);
    gate.resolve();
    assert.deepEqual(await Promise.all(others), [1, 2, 3]);
    assert.equal(gauge.max, 1);
  });

  it("of a worker leaves to an idle worker what it cannot run", async () => {
    await using bench = adapter.open();
    const gate = deferred();
    const [slow, fast] = [bench.route("slow"), bench.route("fast")];
    const started = deferred();
    bench.registry(slow, async () => {
      started.resolve();
      await gate.promise;
      return "slow";
    });
    bench.registry(fast, (input: number) => input);
    await bench.worker({ concurrency: 1 });
    const client = bench.client();
    const long = client.call(slow);
    await started.promise;
    // It waits in the busy worker, which is the only one.
    const calls = Array.from({ length: 5 }, (_, input) => client.call(fast, input));
    await bench.worker({ concurrency: 1 });
    assert.deepEqual(await Promise.all(calls), [0, 1, 2, 3, 4]);
    gate.resolve();
    assert.equal(await long, "slow");
  });

  it("of a worker lets every route in again when handlers end", async () => {
    await using bench = adapter.open();
    const gauge = new Gauge();
    const routes = ["a", "b", "c"].map((name) => bench.route(name));
    for (const route of routes) {
      bench.registry(route, async (input: number) => {
        gauge.enter();
        // Longer than a request may wait.
        await new Promise((resolve) => setTimeout(resolve, 60));
        gauge.leave();
        return input;
      });
    }
    await bench.worker({ concurrency: 4 });
    const client = bench.client();
    const inputs = Array.from({ length: 60 }, (_, input) => input);
    const calls = inputs.map((input) => client.call(routes[input % 3] ?? "", input));
    assert.deepEqual(await Promise.all(calls), inputs);
    assert.equal(gauge.total, inputs.length);
    assert.equal(gauge.max, 4);
  });

  it("never begins a request whose caller stopped waiting while it was here", async () => {
    await using bench = adapter.open();
    const gate = deferred();
    const started = deferred();
    const handled: unknown[] = [];
    const [slow, other] = [bench.route("slow"), bench.route("other")];
    bench.registry(slow, async () => {
      started.resolve();
      await gate.promise;
    });
    bench.registry(other, (input: unknown) => void handled.push(input));
    await bench.worker({ concurrency: 1 });
    const client = bench.client();
    const long = client.call(slow);
    await started.promise;
    const late = client.call(other, "late", { timeout: 100 });
    await assert.rejects(late, RPCTimeoutError);
    // A worker counts from when it got the request, which on a busy machine is later.
    await new Promise((resolve) => setTimeout(resolve, 300));
    gate.resolve();
    await long;
    await client.call(other, "next");
    assert.deepEqual(handled, ["next"]);
  });

  it("a handler that heeds its signal never beats its caller's own deadline", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), (_input: unknown, ctx: TaskContext) => {
      return new Promise((_, reject) => {
        ctx.signal.addEventListener("abort", () => reject(new Error("given up")));
      });
    });
    await bench.worker();
    const client = bench.client();
    const calls = Array.from({ length: 40 }, (_, n) =>
      client.call(bench.route(), n, { timeout: 100 + n }).catch((error: unknown) => error),
    );
    const outcomes = (await Promise.all(calls)).map((outcome) => (outcome as Error).name);
    assert.deepEqual([...new Set(outcomes)], ["TimeoutError"]);
  });

  it("of the worker counts what runs", async () => {
    await using bench = adapter.open();
    const gate = deferred();
    bench.registry(bench.route(), { timeout: 10 }, () => gate.promise);
    const worker = await bench.worker({ concurrency: 3 });
    const client = bench.client();
    for (let n = 0; n < 3; n++) await client.call(bench.route()).catch(() => {});
    assert.equal(worker.running, 3);
    gate.resolve();
    await waitFor(() => worker.running === 0, "the handlers' end");
  });
});
