import assert from "node:assert/strict";
import { it } from "node:test";

import type { TaskContext } from "../../mod.ts";
import { ClosedError, NoRouteError, RemoteError, RPCTimeoutError } from "../../mod.ts";
import type { Bench } from "../support/adapters.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { collect, collectUntilError } from "../support/collect.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

/** How long a generator may take to hear of its reader's end, in milliseconds. */
const SOON = 1_000;

/** What became of the generators of a task. */
interface Counts {
  made: number;
  cleaned: number;
  /** Of the contexts, the last one. */
  ctx: TaskContext | undefined;
}

/** Registers a task that counts without end. */
function counting(bench: Bench, route: string, pause?: () => Promise<unknown>): Counts {
  const counts: Counts = { made: 0, cleaned: 0, ctx: undefined };
  bench.registry(route, async function* (_input: unknown, ctx) {
    counts.ctx = ctx;
    try {
      for (;;) {
        if (pause) await pause();
        yield ++counts.made;
      }
    } finally {
      counts.cleaned++;
    }
  });
  return counts;
}

onBothAdapters("the end of a stream", (adapter) => {
  it("by break, return, dispose, or a cancelled ReadableStream reaches the generator's finally", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const counts = counting(bench, route);
    const worker = await bench.worker();
    const client = bench.client();
    const ways: (() => Promise<unknown>)[] = [
      async () => {
        for await (const n of client.stream(route)) if (n === 3) break;
      },
      async () => {
        const stream = client.stream(route);
        await stream.next();
        assert.deepEqual(await stream.return(), { done: true, value: undefined });
        assert.deepEqual(await stream.next(), { done: true, value: undefined });
        await assert.rejects(stream.result, { name: "AbortError" });
      },
      async () => {
        await using stream = client.stream(route);
        await stream.next();
      },
      async () => {
        const { readable } = client.stream(route);
        const reader = readable.getReader();
        await reader.read();
        await reader.cancel();
      },
      async () => {
        // Left before anything came.
        await client.stream(route).return();
      },
    ];
    for (const [index, leave] of ways.entries()) {
      await leave();
      // The last one may not even have begun.
      const isDone = (): boolean =>
        worker.running === 0 && counts.cleaned >= Math.min(index + 1, 4);
      await waitFor(isDone, `the end of the generator in case ${index}`, SOON);
      assert.ok(index === 4 || counts.ctx?.signal.aborted);
    }
  });

  it("by a signal rejects with its reason at once, and reaches a generator that waits", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let reason: unknown;
    const ended = deferred();
    bench.registry(route, async function* (_input: unknown, ctx) {
      yield 1;
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      reason = ctx.signal.reason;
      ended.resolve();
    });
    const worker = await bench.worker();
    const controller = new AbortController();
    const stream = bench.client().stream(route, null, { signal: controller.signal });
    assert.deepEqual(await stream.next(), { done: false, value: 1 });
    const next = stream.next();
    controller.abort(new Error("enough"));
    await assert.rejects(next, /enough/);
    await assert.rejects(stream.result, /enough/);
    await ended.promise;
    assert.ok(reason instanceof DOMException && reason.name === "AbortError", String(reason));
    await waitFor(() => worker.running === 0, "a free place", SOON);
  });

  it("by a signal drops what was not taken", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const counts = counting(bench, route);
    await bench.worker();
    const controller = new AbortController();
    const stream = bench.client().stream(route, null, { signal: controller.signal });
    await stream.next();
    controller.abort(new Error("enough"));
    await assert.rejects(stream.next(), /enough/);
    await waitFor(() => counts.cleaned === 1, "the generator's end", SOON);
  });

  it("by a signal that aborted before sends nothing", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const counts = counting(bench, route);
    await bench.worker();
    const client = bench.client();
    const stream = client.stream(route, null, { signal: AbortSignal.abort(new Error("no")) });
    await assert.rejects(stream.next(), /no/);
    assert.equal(counts.ctx, undefined);
  });

  it("by the deadline rejects, and the handler knows of it", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const counts = counting(bench, route, () => new Promise((go) => setTimeout(go, 5)));
    await bench.worker();
    const stream = bench.client().stream(route, null, { deadline: 300 });
    const { error, items } = await collectUntilError(stream);
    assert.ok(error instanceof RPCTimeoutError, String(error));
    assert.match(error.message, /longer than 300 ms .* had not come to its end/);
    assert.ok(items.length > 0);
    await waitFor(() => counts.cleaned === 1, "the generator's end", SOON);
    assert.ok(Math.abs((counts.ctx?.deadline ?? 0) - Date.now()) < 2_000);
  });

  it("has no deadline of its own, and no timeout once a worker has begun", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const deadlines: unknown[] = [];
    bench.registry(route, async function* (_input: unknown, ctx) {
      deadlines.push(ctx.deadline);
      await new Promise((resolve) => setTimeout(resolve, 400));
      yield "late";
    });
    await bench.worker();
    const client = bench.client();
    await client.stream(route, null).next();
    assert.deepEqual(await collect(client.stream(route, null, { timeout: 200 })), ["late"]);
    assert.deepEqual(deadlines, [undefined, undefined]);
  });

  it("comes at once without a queue, and by timeout without a worker", async () => {
    await using bench = adapter.open();
    const client = bench.client();
    await assert.rejects(client.stream(bench.route("none")).next(), NoRouteError);
    const route = bench.route();
    const counts = counting(bench, route);
    await (await bench.worker()).stop();
    const { error } = await collectUntilError(client.stream(route, null, { timeout: 100 }));
    assert.ok(error instanceof RPCTimeoutError, String(error));
    assert.equal(error.consumers, 0);
    assert.equal(counts.ctx, undefined);
  });

  it("comes with the code stopping when its worker stops before it ends", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const counts = counting(bench, route, () => new Promise((go) => setTimeout(go, 5)));
    const worker = await bench.worker({ drainTimeout: 50 });
    const stream = bench.client().stream(route);
    await stream.next();
    const stopped = worker.stop();
    const { error, items } = await collectUntilError(stream);
    assert.ok(error instanceof RemoteError, String(error));
    assert.equal(error.code, "stopping");
    assert.equal(items.at(-1), items.length + 1);
    await stopped;
    await waitFor(() => counts.cleaned === 1, "the generator's end", SOON);
    // It does not run a second time.
    const other = await bench.worker();
    await bench.client().stream(route).next();
    assert.equal(counts.cleaned, 1);
    await bench.client().close();
    await other.stop();
  });

  it("comes in order when its worker stops and it ends in time", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const gate = deferred();
    bench.registry(route, async function* () {
      yield 1;
      await gate.promise;
      yield 2;
      return "all";
    });
    const worker = await bench.worker({ drainTimeout: 5_000 });
    const stream = bench.client().stream(route);
    await stream.next();
    const stopped = worker.stop();
    gate.resolve();
    assert.deepEqual(await collect(stream), [2]);
    assert.equal(await stream.result, "all");
    await stopped;
  });

  it("comes with ClosedError when its client is closed, and a closed client opens none", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const counts = counting(bench, route);
    await bench.worker();
    const client = bench.client();
    const stream = client.stream(route);
    await stream.next();
    await client.close();
    await assert.rejects(stream.next(), ClosedError);
    await waitFor(() => counts.cleaned === 1, "the generator's end", SOON);
    await assert.rejects(client.stream(route).next(), ClosedError);
  });

  it("comes after the items before one that is too large or not JSON", async () => {
    await using bench = adapter.open();
    const [large, odd] = [bench.route("large"), bench.route("odd")];
    let cleaned = 0;
    const register = (route: string, last: unknown): void => {
      bench.registry(route, async function* () {
        try {
          yield 1;
          yield 2;
          yield last;
        } finally {
          cleaned++;
        }
      });
    };
    register(large, "x".repeat(2_000));
    register(odd, { big: 1n });
    await bench.worker({ settings: { maxMessageBytes: 2_000 } });
    const client = bench.client();
    const tooLarge = await collectUntilError(client.stream(large));
    assert.deepEqual(tooLarge.items, [1, 2]);
    assert.ok(tooLarge.error instanceof RemoteError && tooLarge.error.code === "too_large");
    assert.match(tooLarge.error.message, /An item of ".*large" must be at most 1998 bytes: 2002/);
    const notJSON = await collectUntilError(client.stream(odd));
    assert.deepEqual(notJSON.items, [1, 2]);
    assert.ok(notJSON.error instanceof RemoteError && notJSON.error.code === "invalid_output");
    await waitFor(() => cleaned === 2, "both generators' ends");
  });

  it("comes with handler_timeout when it takes longer than its task allows", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let signal: AbortSignal | undefined;
    bench.registry(route, { timeout: 100 }, async function* (_input: unknown, ctx) {
      signal = ctx.signal;
      yield 1;
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    });
    const worker = await bench.worker();
    const { error, items } = await collectUntilError(bench.client().stream(route));
    assert.deepEqual(items, [1]);
    assert.ok(error instanceof RemoteError && error.code === "handler_timeout", String(error));
    assert.ok(signal?.aborted);
    await waitFor(() => worker.running === 0, "a free place", SOON);
  });

  it("leaves its place occupied by a generator that heeds nothing, until that ends", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const gate = deferred();
    bench.registry(route, async function* () {
      yield 1;
      await gate.promise;
    });
    const worker = await bench.worker();
    const client = bench.client();
    for await (const _ of client.stream(route)) break;
    await client.call(route, null, { timeout: 100 }).catch(() => {});
    assert.equal(worker.running, 2);
    gate.resolve();
    await waitFor(() => worker.running === 0, "two free places", SOON);
  });
});

onBothAdapters("a reader that stands still", (adapter) => {
  it("keeps its worker at a window and one frame", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const item = "x".repeat(1_000);
    let made = 0;
    bench.registry(route, async function* () {
      for (;;) {
        made++;
        yield item;
      }
    });
    await bench.worker();
    const window = 200_000;
    const stream = bench.client().stream(route, null, { window });
    await stream.next();
    let before = 0;
    await waitFor(async () => {
      [before] = [made];
      await new Promise((resolve) => setTimeout(resolve, 100));
      return made === before && made > 0;
    }, "a worker that waits");
    assert.ok(made * 1_003 >= window - 1_003 && made * 1_003 <= window + 65_536, `${made} items`);
    // And goes on with the reader.
    for (let n = 0; n < 1_000; n++) assert.equal((await stream.next()).done, false);
    assert.ok(made >= 1_001 && made <= 1_001 + (window + 65_536) / 1_003, `${made} items`);
  });

  it("that takes small messages gets small frames", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, async function* () {
      for (let n = 0; n < 5_000; n++) yield { n, text: "€".repeat(10) };
    });
    await bench.worker();
    const client = bench.client({ settings: { maxMessageBytes: 1_000 } });
    assert.equal((await collect(client.stream(route))).length, 5_000);
  });

  it("by a window of 1 lets its worker make one item at a time", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const counts = counting(bench, route);
    await bench.worker();
    const stream = bench.client().stream(route, null, { window: 1 });
    for (let n = 1; n <= 20; n++) {
      assert.deepEqual(await stream.next(), { done: false, value: n });
      assert.ok(counts.made <= n + 1, `${counts.made} made when ${n} were taken`);
    }
  });

  it("holds up neither other streams nor calls", async () => {
    await using bench = adapter.open();
    const [route, plain] = [bench.route(), bench.route("plain")];
    counting(bench, route);
    bench.registry(plain, () => "ran");
    await bench.worker();
    const client = bench.client();
    const still = client.stream(route);
    await still.next();
    const moving = client.stream(route);
    for (let n = 0; n < 50_000; n++) await moving.next();
    assert.equal(await client.call(plain), "ran");
    await still.return();
  });
});
