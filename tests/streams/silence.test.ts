import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { ConnectionLostError, fakeTime } from "../../mod.ts";
import type { Adapter } from "../support/adapters.ts";
import { Bench } from "../support/adapters.ts";
import { collect } from "../support/collect.ts";
import { RawCaller, RawWorker } from "../support/raw_links.ts";

const settings = { environment: "test" };
const loopback: Adapter = { name: "loopback", settings, open: () => new Bench(settings, false) };

const [SECOND, MINUTE] = [1_000, 60_000];

describe("silence", () => {
  it("of a caller ends its streams and its calls after 30 s", async () => {
    await using bench = loopback.open();
    const [route, plain] = [bench.route(), bench.route("plain")];
    let cleaned = 0;
    bench.registry(route, async function* (_input: unknown, ctx) {
      try {
        yield 1;
        await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      } finally {
        cleaned++;
      }
    });
    bench.registry(plain, async (_input: unknown, ctx) => {
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      cleaned++;
    });
    const sending = bench.route("sending");
    bench.registry(sending, { receives: v.number() }, async (_input: unknown, ctx) => {
      await assert.rejects(ctx.incoming.next(), /AbortError: The caller is silent/);
      cleaned++;
    });
    const worker = await bench.worker();
    const caller = await RawCaller.open(loopback, bench);
    using time = fakeTime();
    const expiresAt = performance.now() + 3_600_000;
    caller.send({ route, type: "bgtasks.stream", correlationId: "a", expiresAt });
    caller.send({ route: plain, type: "bgtasks.cancellable", correlationId: "b", expiresAt });
    caller.send({ route: sending, type: "bgtasks.upload", correlationId: "c", expiresAt });
    await time.advance(29 * SECOND);
    assert.equal(cleaned, 0);
    await time.advance(2 * SECOND);
    assert.equal(cleaned, 3);
    assert.equal(worker.running, 0);
  });

  it("of a worker rejects its streams, though the link stands", async () => {
    await using bench = loopback.open();
    const route = bench.route();
    const worker = await RawWorker.open(loopback, bench, route);
    const client = bench.client();
    const stream = client.stream(route);
    const request = await worker.request();
    using time = fakeTime();
    request.say("bgtasks.items", [1], { id: "0" });
    assert.equal((await stream.next()).value, 1);
    const next = stream.next().catch((error: unknown) => error);
    await time.advance(2 * SECOND);
    request.say("bgtasks.open", null);
    await time.advance(10.1 * SECOND);
    const words = worker.words.map(({ type }) => type);
    // The sign of life comes within 10 s of whatever was said last.
    assert.deepEqual(words, ["bgtasks.credit", "bgtasks.alive"]);
    await time.advance(21 * SECOND);
    const error = await next;
    assert.ok(error instanceof ConnectionLostError, String(error));
    assert.match(
      error.message,
      /^Cannot go on with the stream of ".*", because its worker is silent$/,
    );
    request.delivery.ack();
  });

  it("of a worker that has asked for items rejects their call", async () => {
    await using bench = loopback.open();
    const route = bench.route();
    const worker = await RawWorker.open(loopback, bench, route);
    const timeout = 2 * MINUTE;
    const [started, waiting] = [1, 2].map((n) =>
      bench
        .client()
        .call(route, n, { send: [n], timeout })
        .catch((error: unknown) => error),
    );
    const [first, second] = [await worker.request(1), await worker.request(2)];
    using time = fakeTime();
    first.say("bgtasks.credit", "1000");
    second.say("bgtasks.open", null);
    await time.advance(45 * SECOND);
    const error = await started;
    assert.ok(error instanceof ConnectionLostError, String(error));
    assert.match(error.message, /because its worker is silent$/);
    // Of the other one nothing was asked, and the broker may deliver it again.
    const other = await RawWorker.open(loopback, bench, bench.route("other"));
    second.say("bgtasks.credit", "1000", { replyTo: other.inbox });
    second.say(undefined, { status: "here" }, { replyTo: undefined });
    await time.advance(10);
    assert.deepEqual(await waiting, { status: "here" });
    for (const { delivery } of [first, second]) delivery.ack();
  });

  it("in a stream means nothing while both sides are there", async () => {
    await using bench = loopback.open();
    const route = bench.route();
    bench.registry(route, async function* () {
      yield "first";
      await new Promise((resolve) => setTimeout(resolve, 20 * MINUTE));
      yield "late";
    });
    const worker = await bench.worker({ concurrency: 1 });
    const client = bench.client();
    using time = fakeTime();
    const stream = client.stream(route);
    assert.equal((await stream.next()).value, "first");
    const next = stream.next();
    await time.advance(14 * MINUTE);
    assert.equal(worker.running, 1);
    // It is acknowledged after a quarter of an hour, and gives its place to others.
    await time.advance(2 * MINUTE);
    assert.equal(worker.running, 0);
    const other = client.stream(route);
    assert.equal((await other.next()).value, "first");
    await other.return();
    await time.advance(5 * MINUTE);
    assert.deepEqual(await next, { done: false, value: "late" });
    assert.equal((await stream.next()).done, true);
  });

  it("of a worker means nothing while it takes items, of which so few come that it asks for no more", async () => {
    await using bench = loopback.open();
    const route = bench.route();
    bench.registry(route, { receives: v.number() }, async (_input: unknown, ctx) => {
      return (await collect(ctx.incoming)).length;
    });
    await bench.worker();
    const client = bench.client();
    using time = fakeTime();
    const send = (async function* () {
      for (let n = 0; n < 120; n++) {
        yield n;
        await new Promise((resolve) => setTimeout(resolve, SECOND));
      }
    })();
    const call = client.call(route, null, { send, timeout: 10 * MINUTE });
    await time.advance(3 * MINUTE);
    assert.equal(await call, 120);
  });

  it("of a worker before any items leaves the request to another one, within its time", async () => {
    await using bench = loopback.open();
    const route = bench.route();
    const worker = await RawWorker.open(loopback, bench, route);
    const client = bench.client();
    using time = fakeTime();
    const stream = client.stream(route, null, { timeout: 2 * MINUTE });
    const next = stream.next().catch((error: unknown) => error);
    await time.advance(10);
    const [request] = worker.requests;
    assert.ok(request);
    request.say("bgtasks.open", null);
    await time.advance(45 * SECOND);
    // Another one takes it.
    const other = await RawWorker.open(loopback, bench, bench.route("other"));
    request.say("bgtasks.open", null, { replyTo: other.inbox });
    await time.advance(10);
    assert.ok(
      other.words.some(({ type }) => type === "bgtasks.credit"),
      "a credit",
    );
    request.say("bgtasks.items", ["x"], { id: "0", replyTo: other.inbox });
    assert.deepEqual(await next, { done: false, value: "x" });
    await stream.return();
    request.delivery.ack();
  });

  it("of a worker before any items ends with the time that the request was given", async () => {
    await using bench = loopback.open();
    const route = bench.route();
    const worker = await RawWorker.open(loopback, bench, route);
    const client = bench.client();
    using time = fakeTime();
    const stream = client.stream(route, null, { timeout: MINUTE });
    const next = stream.next().catch((error: unknown) => error);
    await time.advance(10);
    worker.requests[0]?.say("bgtasks.open", null);
    await time.advance(59 * SECOND);
    await time.advance(2 * SECOND);
    const error = await next;
    assert.ok(error instanceof Error && "code" in error && error.code === "timeout", String(error));
    worker.requests[0]?.delivery.ack();
  });
});
