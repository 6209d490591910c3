import assert from "node:assert/strict";
import { it } from "node:test";

import type { TaskContext } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { RawCaller, RawWorker } from "../support/raw_links.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

onBothAdapters("a call with a signal", (adapter) => {
  it("that is aborted reaches its handler's signal, and acknowledges without a reply", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const started = deferred();
    let reason: unknown;
    bench.registry(route, async (_input: unknown, ctx: TaskContext) => {
      started.resolve();
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      reason = ctx.signal.reason;
      throw reason;
    });
    const worker = await bench.worker();
    const controller = new AbortController();
    const call = bench.client().call(route, null, { signal: controller.signal });
    await started.promise;
    // By now the worker has said where it can be told.
    await new Promise((resolve) => setTimeout(resolve, 150));
    controller.abort(new Error("enough"));
    await assert.rejects(call, /enough/);
    await waitFor(() => worker.running === 0, "the handler's end", 1_000);
    assert.ok(reason instanceof DOMException && reason.name === "AbortError", String(reason));
  });

  it("that was aborted at once reaches its handler 50 ms into its work", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let begun = 0;
    const aborted: number[] = [];
    bench.registry(route, async (_input: unknown, ctx: TaskContext) => {
      const start = performance.now();
      begun++;
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      aborted.push(performance.now() - start);
    });
    const worker = await bench.worker({ concurrency: 1 });
    const client = bench.client();
    const controllers = Array.from({ length: 3 }, () => new AbortController());
    const calls = controllers.map(({ signal }) => client.call(route, null, { signal }));
    for (const call of calls) call.catch(() => {});
    await waitFor(() => begun === 1, "the first handler");
    for (const controller of controllers) controller.abort(new Error("enough"));
    await Promise.allSettled(calls);
    // Those that were queued are begun, and stopped.
    await waitFor(() => aborted.length === 3 && worker.running === 0, "three ends", 5_000);
    for (const time of aborted) assert.ok(time < 1_500, `${time} ms`);
  });

  it("that is sent again while its handler still runs is run again, and answered", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const release = deferred();
    let runs = 0;
    bench.registry(route, async () => {
      if (++runs === 1) await release.promise;
      return runs;
    });
    await bench.worker();
    const caller = await RawCaller.open(adapter, bench);
    const request = { route, correlationId: "call-1", type: "bgtasks.cancellable" };
    caller.send(request);
    await waitFor(() => runs === 1, "the first handler");
    caller.send(request);
    assert.equal((await caller.reply(undefined)).body, 2, "the reply to the second");
    release.resolve();
  });

  it("is answered as any other", async () => {
    await using bench = adapter.open();
    const [fast, slow] = [bench.route("fast"), bench.route("slow")];
    bench.registry(fast, (n: number) => n + 1);
    bench.registry(slow, async (n: number) => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      return n + 1;
    });
    await bench.worker();
    const client = bench.client();
    const { signal } = new AbortController();
    assert.equal(await client.call(fast, 1, { signal }), 2);
    assert.equal(await client.call(slow, 1, { signal }), 2);
    await assert.rejects(client.call(bench.route("none"), 1, { signal }), { code: "no_route" });
    await assert.rejects(client.call(slow, 1, { signal, timeout: 60 }), { code: "timeout" });
  });

  it("says so by its type, and only then; the handler that runs for long says open", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const worker = await RawWorker.open(adapter, bench, route);
    const client = bench.client();
    const controller = new AbortController();
    const plain = client.call(route, 1);
    const cancellable = client.call(route, 2, { signal: controller.signal });
    const [first, second] = [await worker.request(1), await worker.request(2)];
    assert.deepEqual([first.seen.type, first.seen.headers], [undefined, {}]);
    assert.deepEqual([second.seen.type, second.seen.headers], ["bgtasks.cancellable", {}]);
    second.say("bgtasks.open", null);
    first.say(undefined, 7, { replyTo: undefined });
    assert.equal(await plain, 7);
    controller.abort(new Error("enough"));
    await assert.rejects(cancellable, /enough/);
    const word = await worker.word("bgtasks.cancel");
    assert.equal(word.correlationId, second.seen.correlationId);
    assert.equal(worker.words.length, 1);
    for (const { delivery } of [first, second]) delivery.ack();
  });

  it("gets one reply and nothing else when its handler is fast", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, (input: unknown) => input);
    await bench.worker();
    const caller = await RawCaller.open(adapter, bench);
    caller.send({ route, type: "bgtasks.cancellable", correlationId: "a", body: "7" });
    const reply = await caller.reply(undefined);
    assert.equal(reply.body, 7);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(caller.replies.length, 1);
  });

  it("of a task that streams ends its generator", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let [made, cleaned] = [0, 0];
    bench.registry(route, async function* () {
      try {
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 2));
          yield ++made;
        }
      } finally {
        cleaned++;
      }
    });
    await bench.worker();
    const controller = new AbortController();
    const call = bench.client().call(route, null, { signal: controller.signal });
    await waitFor(() => made > 10, "some items");
    controller.abort(new Error("enough"));
    await assert.rejects(call, /enough/);
    await waitFor(() => cleaned === 1, "the generator's end", 1_000);
  });
});

onBothAdapters("a call of a task that streams", (adapter) => {
  it("fails when the list of its items is too large, or comes too late", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let cleaned = 0;
    bench.registry(route, async function* (pause: number) {
      try {
        for (;;) {
          if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
          yield "x".repeat(100);
        }
      } finally {
        cleaned++;
      }
    });
    await bench.worker({ settings: { maxMessageBytes: 10_000 } });
    const client = bench.client();
    await assert.rejects(client.call(route, 0), {
      code: "too_large",
      message: /must be at most 10000 bytes: read them as a stream$/,
    });
    await assert.rejects(client.call(route, 30, { timeout: 100 }), { code: "timeout" });
    await waitFor(() => cleaned === 2, "both generators' ends", 2_000);
  });
});
