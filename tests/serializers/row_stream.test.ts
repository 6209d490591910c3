import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { remoteField, RemoteLoader, serializer, TaskError } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { deferred, waitFor } from "../support/wait_for.ts";
import { FakeClient } from "./fake_client.ts";
import type { Handler } from "./services.ts";
import { makeImages, startServices } from "./services.ts";

/** A source that counts what was taken from it and knows when nobody wants more. */
function source(count: number) {
  const state = { taken: 0, cancelled: undefined as unknown };
  const rows = new ReadableStream<{ image: number }>(
    {
      pull(controller) {
        if (state.taken === count) controller.close();
        else controller.enqueue({ image: state.taken++ });
      },
      cancel: (reason: unknown) => void (state.cancelled = reason),
    },
    { highWaterMark: 0 },
  );
  return { state, rows };
}

async function start(handler: Handler = makeImages) {
  const services = await startServices({ images: handler });
  const image = remoteField(v.number(), { route: services.route.images });
  return {
    services,
    Serializer: serializer(v.object({ image }), services),
    [Symbol.asyncDispose]: () => services[Symbol.asyncDispose](),
  };
}

async function readAll<T>(stream: ReadableStream<T>): Promise<T[]> {
  const rows: T[] = [];
  for await (const row of stream) rows.push(row);
  return rows;
}

onBothAdapters("stream()", (adapter) => {
  it("represents rows in their order, a batch at a time", async () => {
    // Batches that come later are answered sooner.
    const handler = async (ids: number[]) => {
      await new Promise((resolve) => setTimeout(resolve, 20 - (ids[0] ?? 0) / 5));
      return makeImages(ids);
    };
    await using services = await startServices({ images: handler }, adapter.open());
    const image = remoteField(v.number(), { route: services.route.images });
    const Serializer = serializer(v.object({ image }), services);
    const { rows } = source(105);
    const out = await readAll(
      rows.pipeThrough(Serializer.stream({ batchSize: 10, flushAfter: 10_000 })),
    );
    assert.deepEqual(
      out.map((row) => row.image?.["id"]),
      Array.from({ length: 105 }, (_, id) => id),
    );
    const sizes = services.bodies("images").map((ids) => (ids as number[]).length);
    assert.deepEqual(
      sizes.sort((a, b) => b - a),
      [...Array.from({ length: 10 }, () => 10), 5],
    );
  });
});

describe("stream()", () => {
  it("starts a batch when its rows hold enough different ids", async () => {
    const services = new FakeClient({ images: (ids: number[]) => ids.map((id) => ({ id })) });
    const image = remoteField(v.number(), { route: "images" });
    const Serializer = serializer(v.object({ images: v.array(image) }), services);
    const rows = new ReadableStream<{ images: number[] }>({
      start(controller) {
        for (let row = 0; row < 6; row++) controller.enqueue({ images: [0, row * 2, row * 2 + 1] });
        controller.close();
      },
    });
    const stream = Serializer.stream({ batchIds: 4, flushAfter: 10_000 });
    const out = await readAll(rows.pipeThrough(stream));
    assert.deepEqual(
      out.map(({ images }) => images.map((found) => found?.["id"])),
      Array.from({ length: 6 }, (_, row) => [0, row * 2, row * 2 + 1]),
    );
    assert.deepEqual(services.bodies("images"), [
      [0, 1, 2, 3],
      [0, 4, 5, 6, 7],
      [0, 8, 9, 10, 11],
    ]);
    assert.throws(() => Serializer.stream({ batchIds: 0 }), { code: "invalid_stream" });
  });

  it("ends with the error of a row that cannot be walked", async () => {
    const row: { inner?: unknown } = {};
    row.inner = row;
    interface Inner extends v.GenericSchema<{ inner?: unknown }> {}
    const schema: Inner = v.object({ inner: v.optional(v.lazy(() => schema)) });
    const rows = new ReadableStream<{ inner?: unknown }>({
      start: (controller) => controller.enqueue(row),
    });
    const out = readAll(rows.pipeThrough(serializer(schema).stream()));
    await assert.rejects(out, { code: "too_deep" });
  });

  it("ends without a call when there are no rows", async () => {
    await using bench = await start();
    assert.deepEqual(await readAll(source(0).rows.pipeThrough(bench.Serializer.stream())), []);
    assert.deepEqual(bench.services.calls, []);
  });

  it("does not keep a row waiting for its batch to fill", async () => {
    await using bench = await start();
    const stream = bench.Serializer.stream({ batchSize: 100, flushAfter: 1 });
    const writer = stream.writable.getWriter();
    const reader = stream.readable.getReader();
    await writer.write({ image: 1 });
    const { value } = await reader.read();
    assert.deepEqual(value, { image: { id: 1, path: "/1.jpg" } });
    await writer.close();
    assert.equal((await reader.read()).done, true);
  });

  it("takes no more than prefetch batches and the one that fills, until somebody reads", async () => {
    let [running, most] = [0, 0];
    await using bench = await start(async (ids: number[]) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return makeImages(ids);
    });
    const { state, rows } = source(1_000);
    const stream = rows.pipeThrough(
      bench.Serializer.stream({ batchSize: 10, prefetch: 3, flushAfter: 1 }),
    );
    await waitFor(
      () => bench.services.calls.length === 3 && running === 0 && state.taken >= 40,
      "three batches",
    );
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    // Three batches, a full one that waits, and what the pipe itself holds.
    assert.equal(bench.services.calls.length, 3);
    assert.ok(state.taken <= 43, `${state.taken} rows taken`);
    const out = await readAll(stream);
    assert.equal(out.length, 1_000);
    assert.ok(most <= 3, `${most} at a time`);
  });

  it("makes no call after its reader left", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const client = {
      call: (_route: string, ids: unknown, options: { signal?: AbortSignal | undefined } = {}) => {
        signals.push(options.signal);
        return new Promise((resolve, reject) => {
          if (signals.length === 1) resolve(makeImages(ids as number[]));
          options.signal?.addEventListener("abort", () => reject(options.signal?.reason));
        });
      },
    };
    const Serializer = serializer(
      v.object({ image: remoteField(v.number(), { route: "images" }) }),
      { client },
    );
    const { state, rows } = source(1_000);
    const reader = rows.pipeThrough(Serializer.stream({ batchSize: 10, prefetch: 2 })).getReader();
    assert.deepEqual((await reader.read()).value, { image: { id: 0, path: "/0.jpg" } });
    await waitFor(() => signals.length === 3, "the calls that are out");
    const reason = new Error("enough");
    await reader.cancel(reason);
    await waitFor(() => state.cancelled, "the source to be cancelled");
    assert.equal(state.cancelled, reason);
    assert.equal(signals[1]?.aborted, true);
    const { taken } = state;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(signals.length, 3);
    assert.equal(state.taken, taken);
  });

  it("fails as a whole when a batch does", async () => {
    await using bench = await start((ids: number[]) => {
      if (ids.includes(25)) throw new TaskError("broken", "Not this one.");
      return makeImages(ids);
    });
    const { state, rows } = source(1_000);
    const stream = rows.pipeThrough(bench.Serializer.stream({ batchSize: 10, prefetch: 1 }));
    const seen: unknown[] = [];
    await assert.rejects(
      async () => {
        for await (const row of stream) seen.push(row);
      },
      { code: "broken" },
    );
    assert.ok(seen.length <= 20, `${seen.length} rows seen`);
    await waitFor(() => state.cancelled, "the source to be cancelled");
    assert.ok(bench.services.calls.length <= 4);
  });

  it("fails when its source does", async () => {
    await using bench = await start();
    const reason = new Error("no more rows");
    const rows = new ReadableStream<{ image: number }>({
      start(controller) {
        controller.enqueue({ image: 1 });
        controller.error(reason);
      },
    });
    await assert.rejects(readAll(rows.pipeThrough(bench.Serializer.stream())), reason);
    assert.deepEqual(bench.services.calls, []);
  });

  it("ends at an abort, before it began or half-way", async () => {
    const gate = deferred();
    await using bench = await start(async (ids: number[]) => {
      await gate.promise;
      return makeImages(ids);
    });
    const reason = new Error("gone");
    const controller = new AbortController();
    const { state, rows } = source(100);
    const reading = readAll(
      rows.pipeThrough(bench.Serializer.stream({ batchSize: 10, signal: controller.signal })),
    );
    await waitFor(() => bench.services.calls.length === 4, "the first batches");
    controller.abort(reason);
    await assert.rejects(reading, reason);
    await waitFor(() => state.cancelled, "the source to be cancelled");
    const late = source(1).rows.pipeThrough(bench.Serializer.stream({ signal: controller.signal }));
    await assert.rejects(readAll(late), reason);
    gate.resolve();
    assert.equal(bench.services.calls.length, 4);
  });

  it("asks once for what all batches need, with a loader", async () => {
    await using bench = await start();
    const rows = new ReadableStream<{ image: number }>({
      start(controller) {
        for (let id = 0; id < 100; id++) controller.enqueue({ image: id % 5 });
        controller.close();
      },
    });
    const loader = new RemoteLoader();
    const out = await readAll(rows.pipeThrough(bench.Serializer.stream({ batchSize: 10, loader })));
    assert.equal(out.length, 100);
    assert.equal(out[0]?.image, out[95]?.image);
    assert.deepEqual(bench.services.bodies("images"), [[0, 1, 2, 3, 4]]);
  });

  it("waits as long as it takes where told so", async () => {
    const services = new FakeClient({ images: makeImages });
    const image = remoteField(v.number(), { route: "images" });
    const Serializer = serializer(v.object({ image }), services);
    for (const flushAfter of [Infinity, 2 ** 31]) {
      services.calls.length = 0;
      const stream = Serializer.stream({ batchSize: 100, flushAfter });
      const writer = stream.writable.getWriter();
      const reading = readAll(stream.readable);
      for (let id = 0; id < 10; id++) {
        await writer.write({ image: id });
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await writer.close();
      assert.equal((await reading).length, 10);
      assert.equal(services.calls.length, 1);
    }
  });

  it("goes on without rows that are wrong where told so", async () => {
    const services = new FakeClient({
      images: (ids: number[]) => makeImages(ids.filter((id) => id < 300)),
    });
    const image = remoteField(v.number(), { route: "images", onMissing: "error" });
    const Serializer = serializer(v.object({ image }), services);
    const told: [string, unknown][] = [];
    const stream = Serializer.stream({
      batchSize: 1_000,
      onRowError: (error, row) => told.push([error.issues[0]?.message ?? "", row]),
    });
    const rows = Array.from({ length: 500 }, (_, id) => ({ image: id % 2 === 0 ? id : "x" }));
    const writer = stream.writable.getWriter();
    const reading = readAll(stream.readable);
    for (const row of rows) await writer.write(row as { image: number });
    await writer.close();
    const found = await reading;
    assert.deepEqual(
      found.map((row) => row.image["id"]),
      Array.from({ length: 150 }, (_, index) => index * 2),
    );
    assert.equal(told.length, 350);
    assert.deepEqual(told[0], ['Invalid type: Expected number but received "x"', { image: "x" }]);
    assert.deepEqual(told.at(-1), ['Invalid pk "498" - object does not exist.', { image: 498 }]);
    assert.equal(services.calls.length, 1);
  });

  it("goes on after a batch of which no row is right", async () => {
    const client = new FakeClient({ images: makeImages });
    const image = remoteField(v.number(), { route: "images" });
    const Serializer = serializer(v.object({ image }), client);
    const wrong: unknown[] = [];
    const stream = Serializer.stream({ batchSize: 2, onRowError: (_, row) => wrong.push(row) });
    const rows = ["x", "y", 1, 2, "z"].map((id) => ({ image: id as number }));
    const input = new ReadableStream<{ image: number }>({
      start(controller) {
        for (const row of rows) controller.enqueue(row);
        controller.close();
      },
    });
    const found = await readAll(input.pipeThrough(stream));
    assert.deepEqual(
      found.map((row) => row.image?.["id"]),
      [1, 2],
    );
    assert.deepEqual(wrong, [{ image: "x" }, { image: "y" }, { image: "z" }]);
  });

  it("refuses options that are wrong", () => {
    const Serializer = serializer(v.object({}));
    for (const options of [
      { batchSize: 0 },
      { batchSize: 1.5 },
      { prefetch: 0 },
      { flushAfter: -1 },
    ]) {
      const [name] = Object.keys(options);
      assert.throws(() => Serializer.stream(options), {
        code: "invalid_stream",
        message: new RegExp(String(name)),
      });
    }
  });
});
