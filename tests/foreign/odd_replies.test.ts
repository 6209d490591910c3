import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { ConsumeMessage } from "amqplib";

import { ProtocolError, ValidationError } from "../../mod.ts";
import { needsBroker } from "../support/broker.ts";
import { waitFor } from "../support/wait_for.ts";
import { AmqplibPeer } from "./amqplib_peer.ts";
import { openBench } from "./open_bench.ts";

type Bench = ReturnType<typeof openBench>;

/** Serves a route by amqplib: `answer` says what comes back for the input "odd"; any other input is echoed. */
async function serveOddly(
  bench: Bench,
  answer: (peer: AmqplibPeer, request: ConsumeMessage) => void,
): Promise<string> {
  const route = bench.route();
  const peer = await AmqplibPeer.open(bench);
  await peer.channel.assertQueue(route);
  await peer.serve(route, (request) => {
    if (request.content.toString() === '"odd"') answer(peer, request);
    else peer.reply(request, request.content);
  });
  return route;
}

describe("a reply that our worker never sends", needsBroker, () => {
  for (const [what, body] of [
    ["is not JSON", "hello"],
    ["is cut off", '{"status": "succ'],
    ["is empty", ""],
    ["is not UTF-8", Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
    ["nests deeper than any stack", "[".repeat(200_000)],
  ] as const) {
    it(`that ${what} rejects its call with ProtocolError, and no other`, async () => {
      await using bench = openBench();
      const route = await serveOddly(bench, (peer, request) => peer.reply(request, body));
      const client = bench.client();
      const [odd, next] = await Promise.allSettled([
        client.call(route, "odd"),
        client.call(route, "next"),
      ]);
      assert.ok(odd.status === "rejected" && odd.reason instanceof ProtocolError);
      assert.match(odd.reason.message, new RegExp(route));
      assert.deepEqual(next, { status: "fulfilled", value: "next" });
    });
  }

  it("that is not JSON is told with its content type and its sender", async () => {
    await using bench = openBench();
    const properties = { contentType: "text/html", appId: "billing\n2.0" };
    const route = await serveOddly(bench, (peer, request) =>
      peer.reply(request, "<p>hello", request.properties.headers?.["full"] ? properties : {}),
    );
    const client = bench.client();
    await assert.rejects(client.call(route, "odd", { headers: { full: true } }), {
      name: "ProtocolError",
      message: `Cannot read the reply of "${route}": 8 bytes that are not JSON (content type "text/html", sent by the app "billing\\u000a2.0")`,
    });
    await assert.rejects(client.call(route, "odd"), { message: /not JSON \(no content type\)$/ });
  });

  for (const [what, body] of [
    ["null", "null"],
    ["a list", "[]"],
    ["text", '"failed"'],
    ["no status", '{"data": {"code": "x", "message": "y"}}'],
    ["a success", '{"status": "success", "data": {}}'],
    ["no data", '{"status": "fail"}'],
    ["data that is null", '{"status": "fail", "data": null}'],
    ["data that is a list", '{"status": "fail", "data": ["x"]}'],
    ["data that is text", '{"status": "fail", "data": "x"}'],
  ] as const) {
    it(`that has the error header and ${what} for a body rejects with ProtocolError`, async () => {
      await using bench = openBench();
      const headers = { "bgtasks-error": "internal" };
      const route = await serveOddly(bench, (peer, request) =>
        peer.reply(request, body, { headers }),
      );
      const client = bench.client();
      await assert.rejects(client.call(route, "odd"), ProtocolError);
      assert.equal(await client.call(route, "next"), "next");
    });
  }

  for (const [what, value] of [
    ["empty", ""],
    ["longer than a name", "x".repeat(256)],
    ["a number", 7],
    ["true", true],
    ["void", null],
    ["a list", ["internal"]],
    ["a table", { code: "internal" }],
    ["a table with names that JavaScript calls", { toString: 1, valueOf: 1 }],
    ["bytes", Buffer.from([0xff, 0x00])],
    ["a time", { "!": "timestamp", value: 2 ** 52 }],
  ] as const) {
    it(`whose error header is ${what} is a failure that cannot be read`, async () => {
      await using bench = openBench();
      const body = { status: "fail", data: { code: "x", message: "y", data: null } };
      const route = await serveOddly(bench, (peer, request) =>
        peer.reply(request, JSON.stringify(body), { headers: { "bgtasks-error": value } }),
      );
      const client = bench.client();
      const [odd, next] = await Promise.allSettled([
        client.call(route, "odd", { timeout: 5_000 }),
        client.call(route, "next", { timeout: 5_000 }),
      ]);
      assert.ok(odd.status === "rejected" && odd.reason instanceof ProtocolError);
      assert.deepEqual(next, { status: "fulfilled", value: "next" });
    });
  }

  for (const [what, data] of [
    ["text of a message", { name: [{ toString: null }] }],
    ["message of a field", { name: { toString: "hi" } }],
    ["field", { name: null }],
  ] as const) {
    it(`with a strange ${what} rejects its call alone, and the link stands`, async () => {
      await using bench = openBench();
      const route = await serveOddly(bench, (peer, request) =>
        peer.reply(request, JSON.stringify({ status: "fail", data }), {
          headers: { "bgtasks-error": "invalid_input" },
        }),
      );
      const client = bench.client();
      await client.call(route, "first");
      const states: string[] = [];
      client.onStatus(({ state }) => states.push(state));
      const [odd, next] = await Promise.allSettled([
        client.call(route, "odd", { timeout: 5_000 }),
        client.call(route, "next", { timeout: 5_000 }),
      ]);
      assert.ok(odd.status === "rejected" && odd.reason instanceof ValidationError);
      assert.deepEqual(next, { status: "fulfilled", value: "next" });
      assert.deepEqual(states, []);
    });
  }

  it("to a call that the peer never saw is ignored, as no id leads to the next one", async () => {
    await using bench = openBench();
    const slow = bench.route("slow");
    const route = await serveOddly(bench, (peer, request) => {
      const id = String(request.properties.correlationId);
      for (const step of [-2, -1, 1, 2]) {
        const correlationId = id.replace(/\d+$/, (number) => String(Number(number) + step));
        peer.reply(request, '"forged"', { correlationId });
      }
      peer.reply(request, '"own"');
    });
    const peer = await AmqplibPeer.open(bench);
    await peer.channel.assertQueue(slow);
    const requests: ConsumeMessage[] = [];
    await peer.serve(slow, (request) => requests.push(request));
    const client = bench.client();
    const calls = [client.call(slow, 1), client.call(route, "odd"), client.call(slow, 2)];
    assert.equal(await calls[1], "own");
    await waitFor(() => requests.length === 2, "both requests");
    for (const request of requests) peer.reply(request, '"honest"');
    assert.deepEqual(await Promise.all(calls), ["honest", "own", "honest"]);
  });

  it("with an unknown correlation id, or with none, is ignored", async () => {
    await using bench = openBench();
    const route = await serveOddly(bench, (peer, request) => {
      peer.reply(request, '"forged"', { correlationId: "unknown" });
      peer.reply(request, '"forged"', { correlationId: "" });
      peer.channel.sendToQueue(String(request.properties.replyTo), Buffer.from('"forged"'));
      peer.reply(request, "forged", { correlationId: "__proto__" });
      peer.reply(request, '"true"');
    });
    assert.equal(await bench.client().call(route, "odd"), "true");
  });

  it("that says a stranger's call has begun makes its caller write to nobody", async () => {
    await using bench = openBench();
    const peer = await AmqplibPeer.open(bench);
    const { queue } = await peer.channel.assertQueue("", { exclusive: true });
    const route = await serveOddly(bench, (worker, request) => {
      const correlationId = "stranger.12345678.1";
      worker.reply(request, "null", { type: "bgtasks.open", replyTo: queue, correlationId });
      worker.reply(request, '"own"');
    });
    const client = bench.client();
    assert.equal(await client.call(route, "odd"), "own");
    // The broker has by then taken what the client said before.
    assert.equal(await client.call(route, "next"), "next");
    assert.equal((await peer.channel.checkQueue(queue)).messageCount, 0);
  });

  it("that comes twice counts once", async () => {
    await using bench = openBench();
    const route = await serveOddly(bench, (peer, request) => {
      peer.reply(request, '"first"');
      peer.reply(request, '"second"');
      peer.reply(request, "third");
    });
    const client = bench.client();
    assert.equal(await client.call(route, "odd"), "first");
    // By now the others have come in, too: replies keep their order.
    assert.equal(await client.call(route, "next"), "next");
    assert.equal(await client.call(route, "odd"), "first");
  });

  it("that comes after its call has timed out is ignored", async () => {
    await using bench = openBench();
    let late: (() => void) | undefined;
    const route = await serveOddly(bench, (peer, request) => {
      late = () => peer.reply(request, '"late"');
    });
    const client = bench.client();
    await assert.rejects(client.call(route, "odd", { timeout: 100 }), {
      code: "timeout",
      consumers: 1,
    });
    const reply = await waitFor(() => late, "the request at the peer");
    reply?.();
    assert.equal(await client.call(route, "next"), "next");
  });

  it("with odd content type and encoding is read as the JSON it is", async () => {
    await using bench = openBench();
    const properties = { contentType: "text/plain", contentEncoding: "utf-8", priority: 3 };
    const route = await serveOddly(bench, (peer, request) =>
      peer.reply(request, ' {"a": "ž"}\n', properties),
    );
    assert.deepEqual(await bench.client().call(route, "odd"), { a: "ž" });
  });
});
