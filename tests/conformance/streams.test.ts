import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import { ProtocolError, RemoteError, TaskError, ValidationError } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { collect, collectUntilError } from "../support/collect.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

onBothAdapters("a stream", (adapter) => {
  it("gives every item in its order, and what the generator returned", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, async function* (last: number) {
      for (let n = 1; n <= last; n++) yield { n, text: "ü€😀".repeat(n % 5) };
      return "done";
    });
    await bench.worker();
    const stream = bench.client().stream(route, 10_000);
    const items = await collect(stream);
    assert.equal(items.length, 10_000);
    items.forEach((item, index) =>
      assert.deepEqual(item, { n: index + 1, text: "ü€😀".repeat((index + 1) % 5) }),
    );
    assert.equal(await stream.result, "done");
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });

  it("gives each item when it is there, and does not wait for the next", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const gates = [deferred(), deferred()];
    bench.registry(route, async function* () {
      yield 1;
      await gates[0]?.promise;
      yield 2;
      await gates[1]?.promise;
    });
    await bench.worker();
    const stream = bench.client().stream(route);
    assert.deepEqual(await stream.next(), { done: false, value: 1 });
    gates[0]?.resolve();
    assert.deepEqual(await stream.next(), { done: false, value: 2 });
    gates[1]?.resolve();
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
    assert.equal(await stream.result, null);
  });

  it("without items ends at once", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    // oxlint-disable-next-line require-yield -- that is what is tested
    bench.registry(route, async function* () {
      return 7;
    });
    await bench.worker();
    const stream = bench.client().stream(route);
    assert.deepEqual(await collect(stream), []);
    assert.equal(await stream.result, 7);
  });

  it("rejects with what the handler threw, after the items before it", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, async function* () {
      yield 1;
      yield 2;
      throw new TaskError("no_more", "There is no more.", { at: 2 });
    });
    await bench.worker();
    const stream = bench.client().stream(route);
    const { items, error } = await collectUntilError(stream);
    assert.ok(error instanceof RemoteError, String(error));
    assert.equal(error.code, "no_more");
    assert.deepEqual(error.data, { at: 2 });
    assert.deepEqual(items, [1, 2]);
    await assert.rejects(stream.result, { code: "no_more" });
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });

  it("checks its input, and each item by yields", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const options = { input: v.number(), yields: v.object({ n: v.pipe(v.number(), v.integer()) }) };
    let cleaned = 0;
    bench.registry(route, options, async function* (last) {
      try {
        for (let n = 1; n <= last; n += 0.5) yield { n, extra: "is stripped" };
      } finally {
        cleaned++;
      }
    });
    await bench.worker();
    const client = bench.client();
    await assert.rejects(collect(client.stream(route, "x")), ValidationError);
    assert.deepEqual(await collect(client.stream(route, 1.2)), [{ n: 1 }]);
    await assert.rejects(collect(client.stream(route, 3)), { code: "invalid_output" });
    await waitFor(() => cleaned === 2, "both generators' ends");
  });

  it("takes any async iterable of a task with yields, and nothing else", async () => {
    await using bench = adapter.open();
    const [good, bad] = [bench.route("good"), bench.route("bad")];
    bench.registry(good, { yields: v.number() }, async () =>
      new Blob(["abc"]).stream().pipeThrough(lengths()),
    );
    bench.registry(bad, { yields: v.number() }, (() => [1, 2]) as never);
    await bench.worker();
    const client = bench.client();
    assert.deepEqual(await collect(client.stream(good)), [3]);
    await assert.rejects(collect(client.stream(bad)), { code: "invalid_output" });
  });

  it("that is called gives one list", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, async function* (last: number) {
      for (let n = 1; n <= last; n++) yield n;
    });
    await bench.worker();
    assert.deepEqual(await bench.client().call(route, 3), [1, 2, 3]);
  });

  it("of a plain task gives the items of its list, and refuses other replies", async () => {
    await using bench = adapter.open();
    const [list, other] = [bench.route("list"), bench.route("other")];
    bench.registry(list, (last: number) => Array.from({ length: last }, (_, n) => n));
    bench.registry(other, () => ({ data: [] }));
    await bench.worker();
    const client = bench.client();
    const stream = client.stream(list, 3);
    assert.deepEqual(await collect(stream), [0, 1, 2]);
    assert.equal(await stream.result, null);
    await assert.rejects(collect(client.stream(other)), (error) => {
      assert.ok(error instanceof ProtocolError);
      assert.match(error.message, /^Cannot stream ".*other", because its reply is not a list/);
      return true;
    });
  });

  it("is a ReadableStream, too", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, async function* () {
      yield* [1, 2, 3];
    });
    await bench.worker();
    const { readable } = bench.client().stream(route);
    const reader = readable.getReader();
    const items: unknown[] = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      items.push(value);
    }
    assert.deepEqual(items, [1, 2, 3]);
  });
});

function lengths(): TransformStream<Uint8Array, number> {
  return new TransformStream({
    transform: (chunk, controller) => controller.enqueue(chunk.length),
  });
}
