import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ConsumeMessage } from "amqplib";

import { RemoteError, RPCResponse, TaskError, ValidationError } from "../../mod.ts";
import {
  inspectQueue,
  needsBroker,
  refusesTransientQueues,
  withChannel,
} from "../support/broker.ts";
import { deferred, waitFor } from "../support/wait_for.ts";
import { AmqplibPeer, errorCode, json } from "./amqplib_peer.ts";
import { CapturedLog } from "./captured_log.ts";
import { openBench } from "./open_bench.ts";

describe("amqplib calling our worker", needsBroker, () => {
  it("gets the reply by direct reply-to", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (input) => ({ input }));
    await bench.worker();
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    const reply = await peer.call(route, [1, "你好 🎉"]);
    assert.deepEqual(json(reply), { input: [1, "你好 🎉"] });
    assert.equal(reply.properties.contentType, "application/json");
    assert.equal(reply.properties.appId, "bgtasks");
    assert.equal(errorCode(reply), undefined);
  });

  it("gets the reply in an exclusive queue that the broker named", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (input) => RPCResponse({ data: input }));
    await bench.worker();
    const peer = await AmqplibPeer.open(bench);
    const replyTo = await peer.takeRepliesFromOwnQueue();
    assert.match(replyTo, /^amq\.gen-/);
    const reply = await peer.call(route, { a: 1 }, { replyTo });
    assert.deepEqual(json(reply), { status: "success", data: { a: 1 } });
  });

  it("gets each of many replies once, under its own correlation id", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, async (n: number) => {
      if (n % 2 === 0) await new Promise((resolve) => setTimeout(resolve, n % 7));
      return n;
    });
    await bench.worker({ concurrency: 10 });
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    const replies = await Promise.all(numbers.map((n) => peer.call(route, n)));
    assert.deepEqual(replies.map(json), numbers);
    assert.equal(peer.replies.length, 200);
  });

  it("gets a body of 1 MB, more than a frame holds, and sends it", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (input) => input);
    await bench.worker();
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    const text = "ž".repeat(500_000);
    assert.equal(json(await peer.call(route, text)), text);
  });

  it("that calls by the type `call` reads from the type of the reply what came of it", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (input) => {
      if (input === "throw") throw new TaskError("odd", "It is odd.");
      return input;
    });
    await bench.worker();
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    for (const [type, input, expected] of [
      ["call", 1, "result"],
      ["call", "throw", "error"],
      [undefined, 1, undefined],
      ["cal", 1, undefined],
      ["bgtasks.call", 1, undefined],
    ] as const) {
      const reply = await peer.call(route, input, type === undefined ? {} : { type });
      assert.equal(reply.properties.type, expected, `${type} ${input}`);
    }
  });

  it("sees the deadline that it sets as an expiration", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (_, ctx) => (ctx.deadline ?? 0) - Date.now());
    await bench.worker();
    const peer = await AmqplibPeer.open(bench);
    await peer.takeReplies();
    const timeLeft = Number(json(await peer.call(route, null, { expiration: "5000" })));
    assert.ok(timeLeft > 0 && timeLeft <= 5_001, `time left: ${timeLeft} ms`);
  });
});

describe("amqplib serving our client", needsBroker, () => {
  it("sees a request as the wire has it", async () => {
    await using bench = openBench();
    const route = bench.route();
    const peer = await AmqplibPeer.open(bench);
    await peer.channel.assertQueue(route);
    const seen = deferred<ConsumeMessage>();
    await peer.serve(route, (request) => {
      seen.resolve(request);
      peer.reply(request, '{"status": "success", "data": "你好"}');
    });
    const startedAt = Math.floor(Date.now() / 1_000);
    const client = bench.client({ settings: { name: "shop" } });
    const reply = await client.call(
      route,
      { a: ["ž"] },
      { timeout: 5_000, headers: { trace: "t1" } },
    );
    assert.deepEqual(reply, { status: "success", data: "你好" });
    const { content, fields, properties } = await seen.promise;
    assert.equal(content.toString(), '{"a":["ž"]}');
    assert.equal(fields.exchange, "");
    assert.equal(fields.routingKey, route);
    assert.equal(properties.contentType, "application/json");
    assert.match(String(properties.correlationId), /./);
    assert.match(String(properties.replyTo), /^amq\.rabbitmq\.reply-to\../);
    assert.match(String(properties.expiration), /^\d+$/);
    assert.ok(Number(properties.expiration) > 0 && Number(properties.expiration) <= 5_000);
    const timestamp = Number(properties.timestamp);
    assert.ok(timestamp >= startedAt && timestamp <= Date.now() / 1_000, `timestamp: ${timestamp}`);
    assert.equal(properties.appId, "shop");
    assert.deepEqual({ ...properties.headers }, { trace: "t1" });
  });

  it("has its failure with the error header rejected as RemoteError", async () => {
    await using bench = openBench();
    const route = bench.route();
    const peer = await AmqplibPeer.open(bench);
    await peer.channel.assertQueue(route);
    const data = { code: "locked", message: "The account is locked.", data: { id: 7 } };
    await peer.serve(route, (request) =>
      peer.reply(request, JSON.stringify({ status: "fail", data }), {
        headers: { "bgtasks-error": "locked" },
      }),
    );
    await assert.rejects(bench.client().call(route), (error) => {
      assert.ok(error instanceof RemoteError);
      const { code, message, route: called } = error;
      assert.deepEqual({ code, message, data: error.data, called }, { ...data, called: route });
      return true;
    });
  });

  it("has its messages by field rejected as ValidationError", async () => {
    await using bench = openBench();
    const route = bench.route();
    const peer = await AmqplibPeer.open(bench);
    await peer.channel.assertQueue(route);
    const data = { username: ["This field is required."] };
    await peer.serve(route, (request) =>
      peer.reply(request, JSON.stringify({ status: "fail", data }), {
        headers: { "bgtasks-error": "invalid_input" },
      }),
    );
    await assert.rejects(bench.client().call(route), (error) => {
      assert.ok(error instanceof ValidationError);
      assert.deepEqual(error.errors, data);
      return true;
    });
  });
});

describe("a queue that amqplib declared with other arguments", needsBroker, () => {
  for (const [what, options] of [
    ["a maximal length", { arguments: { "x-max-length": 10 } }],
    ["a time to live", { messageTtl: 60_000, expires: 60_000 }],
    ["auto-delete", { autoDelete: true }],
    ["priorities", { durable: refusesTransientQueues, maxPriority: 5 }],
    ["the type quorum", { arguments: { "x-queue-type": "quorum" } }],
  ] as const) {
    it(`is served as it is when it has ${what}, and told once`, async () => {
      await using bench = openBench();
      await using log = await CapturedLog.start();
      const route = bench.route();
      const peer = await AmqplibPeer.open(bench);
      await peer.channel.assertQueue(route, options);
      bench.registry(route, (input) => input);
      await bench.worker();
      await peer.takeReplies();
      for (let n = 0; n < 5; n++) assert.equal(json(await peer.call(route, n)), n);
      assert.equal(await bench.client().call(route, 5), 5);
      assert.equal(log.messages(route, "other properties").length, 1);
      // It was not declared anew.
      await peer.channel.assertQueue(route, options);
    });
  }

  it("is waited for while it is exclusive to amqplib, and served from when it is gone", async () => {
    await using bench = openBench();
    await using log = await CapturedLog.start();
    const route = bench.route();
    const peer = await AmqplibPeer.open(bench);
    await peer.channel.assertQueue(route, { exclusive: true });
    bench.registry(route, (input) => input);
    const started = bench.worker();
    await waitFor(() => log.messages(route, "RESOURCE_LOCKED").length > 0, "a word about the lock");
    await peer.close();
    await started;
    assert.equal(await bench.client().call(route, 1), 1);
  });

  it("is declared and served again after amqplib deleted it", async () => {
    await using bench = openBench();
    await using log = await CapturedLog.start();
    const route = bench.route();
    bench.registry(route, (input) => input);
    await bench.worker();
    const client = bench.client();
    assert.equal(await client.call(route, 1), 1);
    const peer = await AmqplibPeer.open(bench);
    await peer.channel.deleteQueue(route);
    await waitFor(
      () =>
        inspectQueue(route).then(
          ({ consumerCount }) => consumerCount === 1,
          () => false,
        ),
      "a new consumer",
    );
    assert.equal(await client.call(route, 2), 2);
    await withChannel((channel) => channel.queueDeclare(route, { durable: true }));
    assert.ok(log.messages(route).length > 0);
  });
});
