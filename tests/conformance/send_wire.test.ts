import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import { ConnectionLostError, ProtocolError } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { RawCaller, RawWorker } from "../support/raw_links.ts";
import { waitFor } from "../support/wait_for.ts";

onBothAdapters("items that are sent, on the wire", (adapter) => {
  it("are asked for by a credit that names the control queue, and go there in frames", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, { receives: v.number() }, async (_: unknown, ctx) => {
      let total = 0;
      for await (const n of ctx.incoming) total += n;
      return total;
    });
    await bench.worker();
    const caller = await RawCaller.open(adapter, bench);
    caller.send({ route, type: "bgtasks.upload", correlationId: "a" });
    const credit = await caller.reply("bgtasks.credit");
    assert.equal(credit.body, 262_144);
    const { replyTo: to = "" } = credit;
    assert.match(to, /^amq\.gen-/);
    const say = (type: string, id: string, body: string): void =>
      caller.say({ to, type, id, correlationId: "a", body });
    say("bgtasks.items", "0", "[1,2]");
    say("bgtasks.items", "1", "[3]");
    say("bgtasks.end", "2", "null");
    const reply = await caller.reply(undefined);
    assert.deepEqual([reply.body, reply.correlationId, reply.replyTo], [6, "a", undefined]);
  });

  it("go to nobody before they are asked for, and no further than that", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const worker = await RawWorker.open(adapter, bench, route);
    const client = bench.client();
    let made = 0;
    const send = (function* () {
      for (;;) yield `${++made}`.padStart(98);
    })();
    const call = client.call(route, null, { send });
    const request = await worker.request();
    assert.equal(request.seen.type, "bgtasks.upload");
    request.say("bgtasks.open", null);
    await worker.word("bgtasks.credit");
    assert.equal(made, 0);
    const bytes = (): number =>
      worker.words
        .filter(({ type }) => type === "bgtasks.items")
        .reduce((sum, { body }) => sum + JSON.stringify(body).length, 0);
    for (const body of ["null", '"9e9"', "[5]", "-1", "NaN"]) request.say("bgtasks.credit", body);
    request.say("bgtasks.credit", "1000");
    await waitFor(() => bytes() >= 1_000, "items up to the credit");
    request.say("bgtasks.credit", "10");
    request.say("bgtasks.items", [1], { id: "0" });
    await assert.rejects(call, ProtocolError);
    assert.ok(bytes() <= 1_200, `${bytes()} bytes`);
    request.delivery.ack();
    assert.deepEqual(send.next(), { done: true, value: undefined });
    const ids = worker.words.filter(({ type }) => type === "bgtasks.items").map(({ id }) => id);
    assert.deepEqual(
      ids,
      ids.map((_, index) => String(index)),
    );
  });

  it("fail on frames that are missing, doubled, unreadable or too many", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const seen: string[] = [];
    const options = { receives: v.unknown() };
    bench.registry(route, options, async (_: unknown, ctx) => {
      for await (const item of ctx.incoming) seen.push(String(item));
    });
    await bench.worker({ settings: { maxMessageBytes: 1_000 } });
    const long = JSON.stringify(["x".repeat(700)]);
    const cases: [what: RegExp, frames: [id: string, body: string][]][] = [
      [/frame "2" came in the place of frame 1$/, [["2", "[2]"]]],
      [/frame "0" came in the place of frame 1$/, [["0", "[2]"]]],
      [/frame "" came in the place of frame 1$/, [["", "[2]"]]],
      [/is not a list$/, [["1", "{}"]]],
      [/bytes that are not JSON$/, [["1", "[1,"]]],
      [/must be at most 1000 bytes: 2002$/, [["1", `["${"x".repeat(1_998)}"]`]]],
    ];
    for (const [index, [what, frames]] of cases.entries()) {
      const correlationId = `case ${index}`;
      const caller = await RawCaller.open(adapter, bench);
      caller.send({ route, type: "bgtasks.upload", correlationId });
      const { replyTo: to = "" } = await caller.reply("bgtasks.credit");
      const say = (id: string, body: string): void =>
        caller.say({ to, type: "bgtasks.items", id, correlationId, body });
      say("0", "[1]");
      for (const [id, body] of frames) say(id, body);
      const reply = await caller.reply(undefined);
      const { message } = (reply.body as { data: { message: string } }).data;
      assert.match(message, what);
      assert.ok(caller.replies.some(({ type }) => type === "bgtasks.cancel"));
    }
    assert.deepEqual(
      seen,
      cases.map(() => "1"),
    );
    // A handler that takes none, and a caller who does not care.
    const slow = bench.route("slow");
    bench.registry(slow, options, async (_: unknown, ctx) => {
      await ctx.incoming.next();
      await waitFor(() => ctx.signal.aborted, "the end");
    });
    const worker = await bench.worker({ settings: { maxMessageBytes: 1_000 } });
    const caller = await RawCaller.open(adapter, bench);
    caller.send({ route: slow, type: "bgtasks.upload", correlationId: "slow" });
    const { replyTo: to = "" } = await caller.reply("bgtasks.credit");
    for (let n = 0; n < 5; n++)
      caller.say({ to, type: "bgtasks.items", id: String(n), correlationId: "slow", body: long });
    await caller.reply("bgtasks.cancel");
    caller.say({ to, type: "bgtasks.cancel", correlationId: "slow", body: "null" });
    await waitFor(() => worker.running === 0, "a free place");
  });

  it("that nobody asked for are dropped, and so are those about other requests", async () => {
    await using bench = adapter.open();
    const [route, plain] = [bench.route(), bench.route("plain")];
    const seen: unknown[] = [];
    bench.registry(route, { receives: v.number() }, async (_: unknown, ctx) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      for await (const n of ctx.incoming) seen.push(n);
    });
    bench.registry(plain, async function* () {
      yield 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
      yield 2;
    });
    await bench.worker();
    const caller = await RawCaller.open(adapter, bench);
    caller.send({ route, type: "bgtasks.upload", correlationId: "a" });
    caller.send({ route: plain, type: "bgtasks.stream", correlationId: "b" });
    const { replyTo: to = "" } = await caller.reply("bgtasks.open");
    for (const correlationId of ["a", "b", "c", ""])
      for (const type of ["bgtasks.items", "bgtasks.end"])
        caller.say({ to, type, id: "0", correlationId, body: "[9]" });
    await caller.reply("bgtasks.credit");
    caller.say({ to, type: "bgtasks.items", id: "0", correlationId: "a", body: "[5]" });
    caller.say({ to, type: "bgtasks.end", id: "1", correlationId: "a", body: "null" });
    await caller.reply(undefined);
    assert.deepEqual(seen, [5]);
  });

  it("are not sent to a second worker, which does not run the handler", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const first = await RawWorker.open(adapter, bench, route);
    const counts = { ended: 0 };
    const send = (async function* () {
      try {
        yield 1;
        await new Promise(() => {});
      } finally {
        counts.ended++;
      }
    })();
    const call = bench.client().call(route, null, { send, timeout: 30_000 });
    const request = await first.request();
    request.say("bgtasks.credit", "1000");
    await first.word("bgtasks.items");
    let ran = 0;
    bench.registry(route, { receives: v.number() }, async () => ran++);
    const worker = await bench.worker();
    await first.whileGivingBack(async () => {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof ConnectionLostError, String(error));
        assert.match(error.message, /its worker has lost the request to another one$/);
        return true;
      });
      await waitFor(() => worker.running === 0, "the second worker's rest");
    });
    assert.equal(ran, 0);
  });

  it("go to the worker that a request is delivered to again, before any were sent", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const first = await RawWorker.open(adapter, bench, route);
    const call = bench.client().call(route, null, { send: [1, 2], timeout: 30_000 });
    const request = await first.request();
    request.say("bgtasks.open", null);
    assert.equal((await first.word("bgtasks.credit")).body, 1);
    bench.registry(route, { receives: v.number() }, async (_: unknown, ctx) => {
      let total = 0;
      for await (const n of ctx.incoming) total += n;
      return total;
    });
    await bench.worker();
    await first.whileGivingBack(async () => {
      assert.equal(await call, 3);
    });
  });

  it("of a worker that knows nothing of them are an error, not a reply without them", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const worker = await RawWorker.open(adapter, bench, route);
    const call = bench.client().call(route, null, { send: [1] });
    const request = await worker.request();
    request.say(undefined, { done: 1 }, { replyTo: undefined });
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ProtocolError, String(error));
      assert.match(error.message, /its worker takes no items, and has not said so$/);
      return true;
    });
    request.delivery.ack();
  });
});
