import assert from "node:assert/strict";
import { it } from "node:test";

import { ConnectionLostError, ProtocolError, RemoteError } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { collect, collectUntilError } from "../support/collect.ts";
import type { RawRequest } from "../support/raw_links.ts";
import { RawCaller, RawWorker } from "../support/raw_links.ts";
import { waitFor } from "../support/wait_for.ts";

onBothAdapters("a stream on the wire", (adapter) => {
  it("is a request with a window, frames with numbers, and an end", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, async function* (input: unknown) {
      yield input;
      yield 2;
      return { last: true };
    });
    await bench.worker();
    const caller = await RawCaller.open(adapter, bench);
    const headers = { "bgtasks-window": 1_000 };
    caller.send({ route, type: "bgtasks.stream", correlationId: "a", body: '"in"', headers });
    await caller.reply("bgtasks.end");
    const [items, end, ...rest] = caller.replies;
    assert.equal(rest.length, 0);
    assert.equal(items?.type, "bgtasks.items");
    assert.deepEqual([items?.id, items?.correlationId, items?.body], ["0", "a", ["in", 2]]);
    assert.match(items?.replyTo ?? "", /^amq\.gen-/);
    assert.deepEqual([end?.id, end?.correlationId, end?.body], ["1", "a", { last: true }]);
    assert.equal(end?.replyTo, undefined);
  });

  it("says open when nothing came for a while, and failures with a header", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, async function* (): AsyncGenerator<number> {
      yield await new Promise<number>((resolve) => setTimeout(resolve, 150, 1));
      throw new Error("secret");
    });
    await bench.worker();
    const caller = await RawCaller.open(adapter, bench);
    caller.send({ route, type: "bgtasks.stream", correlationId: "a" });
    const open = await caller.reply("bgtasks.open");
    assert.deepEqual([open.body, open.id], [null, undefined]);
    assert.match(open.replyTo ?? "", /^amq\.gen-/);
    const end = await caller.reply("bgtasks.end");
    assert.equal(end.headers["bgtasks-error"], "internal");
    assert.doesNotMatch(JSON.stringify(end), /secret/);
  });

  it("asks the worker by credits that only grow", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const worker = await RawWorker.open(adapter, bench, route);
    const stream = bench.client().stream(route, { a: 1 }, { window: 100, deadline: 60_000 });
    const request = await worker.request();
    assert.equal(request.seen.type, "bgtasks.stream");
    assert.deepEqual(request.seen.body, { a: 1 });
    assert.equal(request.seen.headers["bgtasks-window"], 100);
    assert.equal(request.seen.headers["bgtasks-deadline"], 60_000);
    const reading = collect(stream);
    const text = "x".repeat(56);
    for (let n = 0; n < 10; n++) request.say("bgtasks.items", [text], { id: String(n) });
    request.say("bgtasks.end", "null", { id: "10" });
    assert.equal((await reading).length, 10);
    request.delivery.ack();
    // What was taken, and the window.
    await waitFor(() => Number(worker.words.at(-1)?.body) >= 60 * 9 + 100, "the last credit");
    const credits = worker.words.map(({ type, body, correlationId }) => {
      assert.equal(type, "bgtasks.credit");
      assert.equal(correlationId, request.seen.correlationId);
      return Number(body);
    });
    assert.deepEqual(
      credits,
      [...credits].sort((a, b) => a - b),
    );
  });

  it("fails on frames that are missing, doubled, unknown or no lists, and cancels", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const worker = await RawWorker.open(adapter, bench, route);
    const client = bench.client();
    const cases: [what: RegExp, say: (request: RawRequest) => void][] = [
      [/frame "2" came in the place of frame 1$/, (r) => r.say("bgtasks.items", [2], { id: "2" })],
      [/frame "0" came in the place of frame 1$/, (r) => r.say("bgtasks.items", [1], { id: "0" })],
      [/frame "" came in the place of frame 1$/, (r) => r.say("bgtasks.items", [2])],
      [/frame "5" came in the place of frame 1$/, (r) => r.say("bgtasks.end", null, { id: "5" })],
      [/type "bgtasks\.new" is not known/, (r) => r.say("bgtasks.new", [2], { id: "1" })],
      [/is not a list$/, (r) => r.say("bgtasks.items", { a: 1 }, { id: "1" })],
      [/bytes that are not JSON/, (r) => r.say("bgtasks.items", "[1,", { id: "1" })],
    ];
    for (const [index, [what, say]] of cases.entries()) {
      const stream = client.stream(route, index);
      const request = await worker.request(index + 1);
      request.say("bgtasks.items", [1], { id: "0" });
      say(request);
      const { items, error } = await collectUntilError(stream);
      assert.ok(error instanceof ProtocolError, String(error));
      assert.match(error.message, what);
      assert.deepEqual(items, [1]);
      const { correlationId } = request.seen;
      await waitFor(
        () =>
          worker.words.some(
            (w) => w.type === "bgtasks.cancel" && w.correlationId === correlationId,
          ),
        "the cancel",
      );
      request.delivery.ack();
    }
    // Nothing else is touched.
    const after = client.stream(route, "after");
    const request = await worker.request(cases.length + 1);
    request.say("bgtasks.items", [1], { id: "0" });
    request.say("bgtasks.end", 2, { id: "1" });
    assert.deepEqual(await collect(after), [1]);
    request.delivery.ack();
  });

  it("fails when a worker sends more than its reader has room for", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const worker = await RawWorker.open(adapter, bench, route);
    const client = bench.client({ settings: { maxMessageBytes: 10_000 } });
    const stream = client.stream(route, null, { window: 1_000 });
    const request = await worker.request();
    for (let n = 0; n < 20; n++)
      request.say("bgtasks.items", ["x".repeat(1_000)], { id: String(n) });
    await worker.word("bgtasks.cancel");
    const { error, items } = await collectUntilError(stream);
    assert.match(String(error), /more came than its reader has room for/);
    assert.ok(items.length <= 11);
    request.delivery.ack();
  });

  it("writes to no queue but one of the broker's naming", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const worker = await RawWorker.open(adapter, bench, route);
    const client = bench.client();
    for (const [index, replyTo] of [
      bench.route("victim"),
      "",
      "amq.gen-",
      "amq.rabbitmq.trace",
    ].entries()) {
      const stream = client.stream(route);
      const request = await worker.request(index + 1);
      request.say("bgtasks.items", [1], { id: "0", replyTo });
      await assert.rejects(collect(stream), { code: "protocol" });
      request.delivery.ack();
    }
  });

  it("goes on with the worker that a request is delivered to again, before any items came", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const first = await RawWorker.open(adapter, bench, route);
    const stream = bench.client().stream(route);
    const request = await first.request();
    request.say("bgtasks.open", null);
    await first.word("bgtasks.credit");
    const ran: boolean[] = [];
    bench.registry(route, async function* (_input: unknown, ctx) {
      ran.push(ctx.redelivered);
      yield "second";
    });
    await bench.worker();
    await first.whileGivingBack(async () => {
      assert.deepEqual(await collect(stream), ["second"]);
    });
    assert.deepEqual(ran, [true]);
    await first.word("bgtasks.cancel");
  });

  it("never runs a second time once items have come", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const first = await RawWorker.open(adapter, bench, route);
    const stream = bench.client().stream(route);
    const request = await first.request();
    request.say("bgtasks.items", [1], { id: "0" });
    assert.deepEqual(await stream.next(), { done: false, value: 1 });
    let ran = 0;
    bench.registry(route, async function* () {
      ran++;
      yield "second";
    });
    const worker = await bench.worker();
    await first.whileGivingBack(async () => {
      await assert.rejects(stream.next(), (error) => {
        assert.ok(error instanceof ConnectionLostError, String(error));
        assert.match(error.message, /its worker has lost the request to another one$/);
        return true;
      });
      await waitFor(() => worker.running === 0, "the second worker's rest");
    });
    assert.equal(ran, 0);
  });

  it("survives words that are made up", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let made = 0;
    const item = "x".repeat(98);
    bench.registry(route, async function* (last: number) {
      for (let n = 0; n < last; n++) {
        made++;
        yield item;
      }
    });
    await bench.worker();
    const caller = await RawCaller.open(adapter, bench);
    const headers = { "bgtasks-window": 1_000 };
    const request = { route, type: "bgtasks.stream", body: "1000000", headers };
    caller.send({ ...request, correlationId: "mine" });
    const { replyTo: to = "" } = await caller.reply("bgtasks.items");
    const say = (type: string, body: string, correlationId = "mine"): void =>
      caller.say({ to, type, correlationId, body });
    for (const body of ["", "null", '"9e9"', "[5]", "-1", "1", "NaN", "x".repeat(200)])
      say("bgtasks.credit", body);
    say("bgtasks.credit", "1000000", "other");
    say("bgtasks.cancel", "null", "other");
    say("bgtasks.cancel", "null", "");
    say("bgtasks.new", "null");
    say("bgtasks.alive", "null", "other");
    say("bgtasks.alive", "null");
    // Its answer shows that all before was read.
    await caller.reply("bgtasks.alive");
    assert.ok(made <= 12, `${made} items`);
    // As far as anybody may be ahead, and no further.
    say("bgtasks.credit", "1e300");
    let [counted, bytes] = [0, 0];
    const sent = (): number => {
      for (const { type, body } of caller.replies.slice(counted)) {
        if (type === "bgtasks.items") bytes += JSON.stringify(body).length;
        counted++;
      }
      return bytes;
    };
    await waitFor(() => sent() >= 16 * 2 ** 20, "16 MiB");
    let before = -1;
    await waitFor(async () => {
      const isStill = sent() === before;
      before = sent();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return isStill;
    }, "a worker that waits");
    assert.ok(sent() <= 16 * 2 ** 20 + 2 * 70_000, `${sent()} bytes`);
    say("bgtasks.cancel", "null");
    // The same id, when the first is over.
    assert.equal(
      await bench
        .client()
        .call(route, 0)
        .then((list) => JSON.stringify(list)),
      "[]",
    );
  });

  it("refuses a second request of an id that runs", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, async function* () {
      yield 1;
      await new Promise((resolve) => setTimeout(resolve, 200));
      yield 2;
    });
    await bench.worker();
    const [one, other] = [
      await RawCaller.open(adapter, bench),
      await RawCaller.open(adapter, bench),
    ];
    one.send({ route, type: "bgtasks.stream", correlationId: "same" });
    await one.reply("bgtasks.items");
    other.send({ route, type: "bgtasks.stream", correlationId: "same" });
    other.send({ route, type: "bgtasks.stream", correlationId: "" });
    await waitFor(() => other.replies.length === 2, "two refusals");
    for (const { headers } of other.replies) assert.equal(headers["bgtasks-error"], "bad_request");
    await one.reply("bgtasks.end");
  });

  it("of a worker that knows no streams gives the items of its list", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const worker = await RawWorker.open(adapter, bench, route);
    const client = bench.client();
    const good = client.stream(route);
    const request = await worker.request();
    request.say(undefined, [1, 2], { replyTo: undefined });
    request.delivery.ack();
    assert.deepEqual(await collect(good), [1, 2]);
    const bad = client.stream(route);
    const second = await worker.request(2);
    second.say(
      undefined,
      { status: "fail", data: { code: "odd", message: "Odd." } },
      {
        replyTo: undefined,
        headers: { "bgtasks-error": "odd" },
      },
    );
    second.delivery.ack();
    const { error } = await collectUntilError(bad);
    assert.ok(error instanceof RemoteError && error.code === "odd", String(error));
  });
});
