import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import { NotJSONError, RemoteError, RPCTimeoutError, ValidationError } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { collect, collectUntilError } from "../support/collect.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

/** How long the items' source may take to hear of the end, in milliseconds. */
const SOON = 1_000;

const NUMBERS = { receives: v.number() };

/** A source that counts, and tells what became of it. */
function counting(last = Infinity, pause?: () => Promise<unknown>) {
  const counts = { made: 0, ended: 0 };
  async function* count(): AsyncGenerator<number> {
    try {
      while (counts.made < last) {
        if (pause) await pause();
        yield ++counts.made;
      }
    } finally {
      counts.ended++;
    }
  }
  return Object.assign(counts, { items: count() });
}

onBothAdapters("items that are sent", (adapter) => {
  it("reach the handler in their order, and its reply the caller", async () => {
    await using bench = adapter.open();
    const sum = bench.registry(bench.route(), NUMBERS, async (input: string, ctx) => {
      let [total, count] = [0, 0];
      for await (const n of ctx.incoming) {
        assert.equal(n, ++count);
        total += n;
      }
      return { input, total, count };
    });
    await bench.worker();
    const client = bench.client();
    const { items, ...counts } = counting(20_000);
    const long = await client.call(sum, "in", { send: items, timeout: 60_000 });
    assert.deepEqual(long, { input: "in", total: 200_010_000, count: 20_000 });
    assert.ok(counts.made === 0);
    assert.deepEqual(await client.call(sum, "list", { send: [1, 2] }), {
      input: "list",
      total: 3,
      count: 2,
    });
    assert.deepEqual(await client.call(sum, "none", { send: [] }), {
      input: "none",
      total: 0,
      count: 0,
    });
  });

  it("and items that come back go both ways at once", async () => {
    await using bench = adapter.open();
    const options = { receives: v.string(), yields: v.string() };
    const echo = bench.registry(bench.route(), options, async function* (_: null, ctx) {
      for await (const text of ctx.incoming) yield text.toUpperCase();
      return "bye";
    });
    await bench.worker();
    const answers: string[] = [];
    const gates = [deferred(), deferred(), deferred()];
    const stream = bench.client().stream(echo, null, {
      send: (async function* () {
        for (const [index, gate] of gates.entries()) {
          yield `text ${index}`;
          await gate.promise;
        }
      })(),
    });
    // Each is sent only when the one before has come back.
    for await (const text of stream) {
      gates[answers.length]?.resolve();
      answers.push(text);
    }
    assert.deepEqual(answers, ["TEXT 0", "TEXT 1", "TEXT 2"]);
    assert.equal(await stream.result, "bye");
  });

  it("wait for a handler that takes none, at the window", async () => {
    await using bench = adapter.open();
    const gate = deferred();
    const lazy = bench.registry(bench.route(), NUMBERS, async (_: null, ctx) => {
      await gate.promise;
      await ctx.incoming.next();
      await bothRead.promise;
      return (await collect(ctx.incoming)).length;
    });
    const bothRead = deferred();
    await bench.worker({ settings: { maxMessageBytes: 20_000 } });
    const counts = counting(20_000);
    const reply = bench.client().call(lazy, null, { send: counts.items, timeout: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(counts.made, 0);
    gate.resolve();
    let before = -1;
    await waitFor(async () => {
      const isStill = counts.made > 0 && counts.made === before;
      before = counts.made;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return isStill;
    }, "a sender that waits");
    // As many bytes as the worker takes at a time, and a frame.
    assert.ok(counts.made < 8_000, `${counts.made} items`);
    bothRead.resolve();
    assert.equal(await reply, 19_999);
    assert.equal(counts.ended, 1);
  });

  it("end at their source when the handler wants no more, and when it has replied", async () => {
    await using bench = adapter.open();
    const gate = deferred();
    const first = bench.registry(bench.route("first"), NUMBERS, async (_: null, ctx) => {
      for await (const n of ctx.incoming) if (n === 3) break;
      await gate.promise;
      return "three";
    });
    const none = bench.registry(bench.route("none"), NUMBERS, async () => "none");
    // A promise of the handler that nobody waits for.
    const loose = bench.registry(bench.route("loose"), NUMBERS, async (_: null, ctx) => {
      void ctx.incoming.next();
    });
    const list = bench.registry(bench.route("list"), NUMBERS, async function* () {
      yield "none";
    });
    await bench.worker();
    const client = bench.client();
    const counts = counting();
    const reply = client.call(first, null, { send: counts.items });
    await waitFor(() => counts.ended === 1, "the source's end", SOON);
    gate.resolve();
    assert.equal(await reply, "three");
    const never = () => new Promise(() => {});
    assert.equal(await client.call(loose, null, { send: counting(9, never).items }), null);
    assert.deepEqual(await client.call(list, null, { send: [1] }), ["none"]);
    const unused = counting();
    assert.equal(await client.call(none, null, { send: unused.items }), "none");
    assert.deepEqual(await unused.items.next(), { done: true, value: undefined });
    assert.equal(unused.made, 0);
  });

  it("whose source throws fail the call with its error, and the handler's loop", async () => {
    await using bench = adapter.open();
    const seen = deferred<unknown>();
    const route = bench.route();
    const task = bench.registry(route, NUMBERS, async (_: null, ctx) => {
      try {
        await collect(ctx.incoming);
      } catch (error) {
        seen.resolve(error);
        throw error;
      }
    });
    const worker = await bench.worker();
    const send = (async function* () {
      yield 1;
      throw new Error("disk full");
    })();
    await assert.rejects(bench.client().call(task, null, { send }), /disk full/);
    const error = await seen.promise;
    assert.match(String(error), /AbortError: The caller has given the request up/);
    await waitFor(() => worker.running === 0, "a free place", SOON);
  });

  it("fail the handler's loop when the caller aborts, and at the deadline", async () => {
    await using bench = adapter.open();
    const seen: unknown[] = [];
    const task = bench.registry(bench.route(), NUMBERS, async (_: null, ctx) => {
      try {
        await collect(ctx.incoming);
      } catch (error) {
        seen.push(String(error));
      }
    });
    await bench.worker();
    const client = bench.client();
    const never = () => new Promise(() => {});
    const controller = new AbortController();
    const { signal } = controller;
    const call = client.call(task, null, { send: counting(9, never).items, signal });
    setTimeout(() => controller.abort(new Error("enough")), 100);
    await assert.rejects(call, /enough/);
    const late = client.call(task, null, { send: counting(9, never).items, timeout: 200 });
    await assert.rejects(late, RPCTimeoutError);
    await waitFor(() => seen.length === 2, "both ends", SOON);
    assert.match(String(seen[0]), /AbortError: The caller has given/);
    assert.match(String(seen[1]), /TimeoutError/);
  });

  it("that are refused fail the call with the index of the item", async () => {
    await using bench = adapter.open();
    const options = { receives: v.object({ id: v.number() }) };
    const task = bench.registry(bench.route(), options, async (_: null, ctx) => {
      await collect(ctx.incoming);
    });
    await bench.worker();
    const client = bench.client({ settings: { maxMessageBytes: 10_000 } });
    const send = async (items: Iterable<unknown>): Promise<unknown> => {
      const counts = { ended: 0 };
      const source = (function* () {
        try {
          yield* items;
          yield* items;
        } finally {
          counts.ended++;
        }
      })();
      const error: unknown = await client
        .call(task, null, { send: source as Iterable<{ id: number }> })
        .catch((reason: unknown) => reason);
      await waitFor(() => counts.ended === 1, "the source's end", SOON);
      return error;
    };
    const good = { id: 1 };
    const wrong = await send([good, good, { id: "x" }, good]);
    assert.ok(wrong instanceof ValidationError, String(wrong));
    assert.deepEqual(Object.keys(wrong.errors), ["send[2].id"]);
    const notJSON = await send([good, { id: Number.NaN }]);
    assert.ok(notJSON instanceof NotJSONError, String(notJSON));
    assert.equal(notJSON.path, "send[1].id");
    const large = await send([good, { id: 1, text: "x".repeat(10_000) }]);
    assert.match(String(large), /as send\[1\] takes 10018 bytes, more than maxMessageBytes: 10000/);
  });

  it("are refused by a task that receives none, and missed by one that does", async () => {
    await using bench = adapter.open();
    const [plain, takes] = [bench.route("plain"), bench.route("takes")];
    bench.registry(plain, () => 1);
    bench.registry(takes, NUMBERS, async () => 1);
    await bench.worker();
    const client = bench.client();
    const counts = counting();
    for (const refused of [
      client.call(plain, null, { send: counts.items }),
      collect(client.stream(plain, null, { send: [1] })),
    ])
      await assert.rejects(refused, (error) => {
        assert.ok(error instanceof RemoteError && error.code === "bad_request", String(error));
        assert.match(error.message, /receives no items: call it without send\.$/);
        return true;
      });
    assert.equal(counts.made, 0);
    for (const missing of [client.call(takes), collect(client.stream(takes))])
      await assert.rejects(missing, {
        code: "bad_request",
        message: /receives items, and none come with this request: call it with the option send\.$/,
      });
  });

  it("cannot be anything else, be sent twice, or be sent again after a loss", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, NUMBERS, async (_: unknown, ctx) => (await ctx.incoming.next()).value);
    await bench.worker();
    const client = bench.client();
    for (const send of ["text", 5, null, {}])
      for (const refused of [
        client.call(route, null, { send: send as never }),
        collect(client.stream(route, null, { send: send as never })),
      ])
        await assert.rejects(refused, { code: "invalid_options", message: /send must be items/ });
    const both = /exclude each other: items are sent once/;
    await assert.rejects(client.call(route, null, { send: [1], retry: true }), both);
    const resume = () => null;
    await assert.rejects(collect(client.stream(route, null, { send: [1], resume })), both);
    const { items } = counting();
    assert.equal(await client.call(route, null, { send: items }), 1);
    await assert.rejects(client.call(route, null, { send: items }), /they were sent before/);
    const list = [7];
    for (let n = 0; n < 2; n++) assert.equal(await client.call(route, null, { send: list }), 7);
  });

  it("pass middleware of the client, which may change them", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, NUMBERS, async function* (_: unknown, ctx) {
      for await (const n of ctx.incoming) yield n;
    });
    await bench.worker();
    const client = bench.client({
      use: [(call, next) => next({ send: [...(call.send as Iterable<number>), 3] })],
    });
    assert.deepEqual(await client.call(route, null, { send: [1, 2] }), [1, 2, 3]);
    assert.deepEqual(await collect(client.stream(route, null, { send: [1, 2] })), [1, 2, 3]);
  });

  it("end with a worker that stops: the call rejects, and so does the handler's loop", async () => {
    await using bench = adapter.open();
    const seen = deferred<unknown>();
    const task = bench.registry(bench.route(), NUMBERS, async (_: null, ctx) => {
      try {
        await collect(ctx.incoming);
      } catch (error) {
        seen.resolve(error);
      }
    });
    const worker = await bench.worker({ drainTimeout: 100 });
    const counts = counting(Infinity, () => new Promise((resolve) => setTimeout(resolve, 5)));
    const call = bench.client().call(task, null, { send: counts.items });
    const rejected = assert.rejects(call, { code: "stopping" });
    await waitFor(() => counts.made > 3, "items");
    await worker.stop();
    await rejected;
    assert.match(String(await seen.promise), /The worker is stopping/);
    await waitFor(() => counts.ended === 1, "the source's end", SOON);
  });

  it("are waited for by a drain, when they end in time", async () => {
    await using bench = adapter.open();
    const task = bench.registry(bench.route(), NUMBERS, async (_: null, ctx) => {
      return (await collect(ctx.incoming)).length;
    });
    const worker = await bench.worker({ drainTimeout: 10_000 });
    const counts = counting(50, () => new Promise((resolve) => setTimeout(resolve, 2)));
    const call = bench.client().call(task, null, { send: counts.items });
    await waitFor(() => counts.made > 0, "items");
    await worker.stop();
    assert.equal(await call, 50);
  });

  it("of a stream that is left end at once", async () => {
    await using bench = adapter.open();
    const task = bench.registry(bench.route(), NUMBERS, async function* (_: null, ctx) {
      for await (const n of ctx.incoming) yield n;
    });
    const worker = await bench.worker();
    const counts = counting();
    const stream = bench.client().stream(task, null, { send: counts.items });
    for await (const n of stream) if (n === 5) break;
    await waitFor(() => counts.ended === 1 && worker.running === 0, "both ends", SOON);
    const failing = (async function* () {
      yield 1;
      throw new Error("disk full");
    })();
    const { error } = await collectUntilError(bench.client().stream(task, null, { send: failing }));
    assert.match(String(error), /disk full/);
  });
});
