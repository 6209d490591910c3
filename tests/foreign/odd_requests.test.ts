import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Options } from "amqplib";

import { inspectQueue, needsBroker, withChannel } from "../support/broker.ts";
import { deferred, waitFor } from "../support/wait_for.ts";
import { AmqplibPeer, DIRECT_REPLY_TO, errorCode, json } from "./amqplib_peer.ts";
import { openBench } from "./open_bench.ts";
import { bytes, publishRaw } from "./raw_publish.ts";

/**
 * What the worker answers to a request that came with a connection which stood all the time. A connection that breaks
 * before the acknowledgement would bring the request once more, marked as redelivered.
 */
const ALIVE = { redelivered: false };

const gzip = await compress('{"a":1}');

describe("a request that our client never sends", needsBroker, () => {
  const refused: readonly (readonly [string, Uint8Array, Options.Publish?])[] = [
    ["that is not JSON", bytes("hello")],
    ["that is cut off", bytes('{"a": [1, 2')],
    ["with something after its JSON", bytes("1 2")],
    ["that is not UTF-8", Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
    ["that is UTF-16", Buffer.from('{"a":1}', "utf16le")],
    ["that is empty", new Uint8Array()],
    ["that is empty, said to be JSON", new Uint8Array(), { contentType: "application/json" }],
    ["that nests deeper than any stack", bytes("[".repeat(200_000))],
    ["of an unknown content type", bytes("<a/>"), { contentType: "text/xml" }],
    [
      "of an unknown content type, though JSON",
      bytes("1"),
      { contentType: "application/jsonlines" },
    ],
    ["of a kind that only a later version of ours knows", bytes("1"), { type: "bgtasks.later" }],
    ["of text that is not JSON", bytes("hello"), { contentType: "text/plain" }],
    ["of a Python pickle", bytes("1"), { contentType: "application/x-python-serialize" }],
    ["that is compressed", gzip, { contentEncoding: "gzip" }],
    ["said to be compressed, though it is not", bytes("1"), { contentEncoding: "gzip" }],
  ];

  for (const [what, body, properties] of refused) {
    it(`with a body ${what} is answered with a failure, and the handler does not run`, async () => {
      await using bench = openBench();
      const route = bench.route();
      const inputs: unknown[] = [];
      bench.registry(route, (input, { redelivered }) => {
        inputs.push(input);
        return { redelivered };
      });
      const worker = await bench.worker();
      const peer = await AmqplibPeer.open(bench);
      await peer.takeReplies();
      const reply = await peer.callWith(route, body, properties);
      assert.equal(errorCode(reply), "bad_request");
      const { status, data } = json(reply) as { status: string; data: Record<string, unknown> };
      assert.equal(status, "fail");
      assert.equal(data["code"], "bad_request");
      assert.match(String(data["message"]), /must be/);
      assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
      assert.deepEqual(inputs, ["next"]);
      // Acknowledged: else it would come back when the worker has gone.
      await worker.stop();
      assert.equal((await inspectQueue(route)).messageCount, 0);
    });
  }

  for (const properties of [
    {},
    { contentType: "application/json; charset=utf-8" },
    { contentType: "Application/JSON", contentEncoding: "UTF-8" },
    // What libraries say by default of texts and bytes.
    { contentType: "text/plain" },
    { contentType: "text/plain; charset=utf-8" },
    { contentType: "application/octet-stream" },
    { contentType: "text/json" },
    { contentType: "application/vnd.api+json", contentEncoding: "identity" },
    {
      contentType: "application/json",
      contentEncoding: "utf8",
      priority: 9,
      type: "t",
      messageId: "m",
    },
  ] as const) {
    it(`is run when its properties are ${JSON.stringify(properties)}`, async () => {
      await using bench = openBench();
      const route = bench.route();
      bench.registry(route, (input) => input);
      await bench.worker();
      const peer = await AmqplibPeer.open(bench);
      await peer.takeReplies();
      assert.deepEqual(json(await peer.callWith(route, bytes(' {"a":"ž"}\n'), properties)), {
        a: "ž",
      });
    });
  }

  for (const [what, body] of [
    ["runs", bytes('"quiet"')],
    ["whose handler throws runs", bytes('"throw"')],
    ["that is not JSON is dropped", bytes("hello")],
  ] as const) {
    it(`without reply_to ${what}, is answered nowhere, and the next call works`, async () => {
      await using bench = openBench();
      const route = bench.route();
      const inputs: unknown[] = [];
      bench.registry(route, (input, { redelivered }) => {
        inputs.push(input);
        if (input === "throw") throw new Error("on purpose");
        return { redelivered };
      });
      const worker = await bench.worker({ concurrency: 1 });
      const peer = await AmqplibPeer.open(bench);
      await peer.takeReplies();
      peer.send(route, body, { correlationId: "nobody-waits" });
      assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
      assert.equal(peer.replies.length, 1);
      const text = new TextDecoder().decode(body);
      assert.deepEqual(inputs, text === "hello" ? ["next"] : [JSON.parse(text), "next"]);
      await worker.stop();
      assert.equal((await inspectQueue(route)).messageCount, 0);
    });
  }

  it("without a correlation id is answered without one", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (input, ctx) => [input, ctx.correlationId]);
    await bench.worker();
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    peer.send(route, bytes("1"), { replyTo: DIRECT_REPLY_TO });
    const reply = await waitFor(() => peer.replies[0], "a reply");
    assert.ok(reply);
    assert.deepEqual(json(reply), [1, ""]);
    assert.equal(reply.properties.correlationId, undefined);
  });

  it("with the longest correlation id that AMQP takes is answered with it", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (input) => input);
    await bench.worker();
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    const correlationId = "ž".repeat(127) + "x";
    peer.send(route, bytes("1"), { replyTo: DIRECT_REPLY_TO, correlationId });
    const reply = await waitFor(() => peer.replies[0], "a reply");
    assert.equal(reply?.properties.correlationId, correlationId);
  });

  it("with a correlation id that is not UTF-8 leaves the worker alive", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (_, { redelivered }) => ({ redelivered }));
    await bench.worker();
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    const replyTo = await peer.takeRepliesFromOwnQueue();
    // Each of these bytes is read as a character of 3 bytes, so that the id no longer fits in 255.
    const correlationId = new Uint8Array(255).fill(0xff);
    await publishRaw(route, { correlationId, replyTo: bytes(replyTo) }, bytes("1"));
    await waitFor(() => peer.replies.length === 1, "a reply, whatever its id", 5_000);
    assert.deepEqual(json(await peer.call(route, 2)), ALIVE);
    assert.equal(peer.replies.length, 2);
  });

  it("whose caller has gone before the reply by direct reply-to leaves the worker alive", async () => {
    await using bench = openBench();
    const route = bench.route();
    const [running, mayEnd] = [deferred(), deferred()];
    bench.registry(route, async (input, { redelivered }) => {
      if (input !== "gone") return { redelivered };
      running.resolve();
      await mayEnd.promise;
      return "for nobody";
    });
    const worker = await bench.worker();
    const gone = await AmqplibPeer.open(bench);
    await gone.takeReplies();
    gone.send(route, bytes('"gone"'), { replyTo: DIRECT_REPLY_TO, correlationId: "1" });
    await running.promise;
    await gone.close();
    mayEnd.resolve();
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
    await worker.stop();
    assert.equal((await inspectQueue(route)).messageCount, 0);
  });

  it("whose caller's own queue has gone before the reply leaves the worker alive", async () => {
    await using bench = openBench();
    const route = bench.route();
    const [running, mayEnd] = [deferred(), deferred()];
    bench.registry(route, async (input, { redelivered }) => {
      if (input !== "gone") return { redelivered };
      running.resolve();
      await mayEnd.promise;
      return "for nobody";
    });
    await bench.worker();
    const gone = await AmqplibPeer.open(bench);
    const replyTo = await gone.takeRepliesFromOwnQueue();
    gone.send(route, bytes('"gone"'), { replyTo, correlationId: "1" });
    await running.promise;
    await gone.close();
    await waitFor(() => isMissing(replyTo), "the end of the reply queue");
    mayEnd.resolve();
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
    assert.ok(await isMissing(replyTo));
  });
});

async function isMissing(queue: string): Promise<boolean> {
  try {
    await withChannel((channel) => channel.queueDeclare(queue, { passive: true }));
    return false;
  } catch (error) {
    return String(error).includes("404");
  }
}

async function compress(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
