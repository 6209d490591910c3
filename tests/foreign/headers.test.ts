import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { BgtasksError } from "../../mod.ts";
import { needsBroker } from "../support/broker.ts";
import { waitFor } from "../support/wait_for.ts";
import { AmqplibPeer, json } from "./amqplib_peer.ts";
import { openBench } from "./open_bench.ts";
import { bytes, nestedArrays, publishRaw } from "./raw_publish.ts";

type Bench = ReturnType<typeof openBench>;
type Headers = Readonly<Record<string, unknown>>;

/** Serves a route that keeps the headers it sees. */
async function serve(bench: Bench): Promise<{ route: string; seen: Headers[]; peer: AmqplibPeer }> {
  const route = bench.route();
  const seen: Headers[] = [];
  bench.registry(route, (_, ctx) => {
    seen.push(ctx.headers);
    return { redelivered: ctx.redelivered };
  });
  await bench.worker();
  const peer = await AmqplibPeer.open(bench);
  await peer.takeReplies();
  return { route, seen, peer };
}

const typed = (type: string, value: unknown): unknown => ({ "!": type, value });

describe("headers of a request", needsBroker, () => {
  for (const [what, sent, received = sent] of [
    ["text", "žofie 🎉"],
    ["empty text", ""],
    ["long text", "x".repeat(10_000)],
    ["true", true],
    ["false", false],
    ["void", null],
    ["signed 8 bits", typed("int8", -128), -128],
    ["unsigned 8 bits", typed("uint8", 255), 255],
    ["signed 16 bits", typed("int16", -32_768), -32_768],
    ["unsigned 16 bits", typed("uint16", 65_535), 65_535],
    ["signed 32 bits", typed("int32", -(2 ** 31)), -(2 ** 31)],
    ["unsigned 32 bits", typed("uint32", 2 ** 32 - 1), 2 ** 32 - 1],
    [
      "64 bits that JavaScript has",
      typed("int64", Number.MAX_SAFE_INTEGER),
      Number.MAX_SAFE_INTEGER,
    ],
    ["the largest of 64 bits", typed("int64", 2n ** 63n - 1n), 2 ** 63],
    ["the smallest of 64 bits", typed("int64", -(2n ** 63n)), -(2 ** 63)],
    ["a float", typed("float", 1.5), 1.5],
    ["a double", typed("double", Math.PI), Math.PI],
    ["a decimal", typed("decimal", { places: 2, digits: 1_250 }), 12.5],
    ["a decimal with many places", typed("decimal", { places: 10, digits: 1 }), 1e-10],
    ["a time", typed("timestamp", 1_700_000_000), new Date(1_700_000_000_000)],
    ["bytes", Buffer.from([0, 255, 1]), Uint8Array.of(0, 255, 1)],
    ["no bytes", Buffer.alloc(0), new Uint8Array()],
    ["a list", [1, "a", null, [true, [2.5]]], [1, "a", null, [true, [2.5]]]],
    ["an empty list", []],
    ["a table", { a: { b: { c: [{ d: "x" }] } }, e: 1 }],
    ["an empty table", {}],
  ] as readonly (readonly [string, unknown, unknown?])[]) {
    it(`arrive when one is ${what}`, async () => {
      await using bench = openBench();
      const { route, seen, peer } = await serve(bench);
      const reply = await peer.call(route, null, { headers: { value: sent, after: "it" } });
      assert.deepEqual(json(reply), { redelivered: false });
      assert.deepEqual(plain(seen[0]?.["value"]), plain(received));
      // What follows shows that it was read to its end and no further.
      assert.equal(seen[0]?.["after"], "it");
    });
  }

  it("do not hurt the worker when a time is beyond all dates", async () => {
    await using bench = openBench();
    const { route, seen, peer } = await serve(bench);
    const headers = { time: typed("timestamp", 2n ** 63n - 1n), after: "it" };
    const properties = { headers, timestamp: Number.MAX_SAFE_INTEGER, expiration: "4294967295" };
    const reply = await peer.call(route, null, properties);
    assert.deepEqual(json(reply), { redelivered: false });
    assert.equal(seen[0]?.["after"], "it");
  });

  it("arrive under names that JavaScript knows, and give the worker no foreign prototype", async () => {
    await using bench = openBench();
    const { route, seen, peer } = await serve(bench);
    const headers = JSON.parse(
      '{"constructor": "c", "toString": 1, "hasOwnProperty": null, "": "empty"}',
    );
    assert.deepEqual(json(await peer.call(route, null, { headers })), { redelivered: false });
    assert.deepEqual({ ...seen[0] }, headers);
    const table = Buffer.concat([
      Buffer.from([9]),
      Buffer.from("__proto__F"),
      Buffer.from([0, 0, 0, 8, 5]),
      Buffer.from("admint"),
      Buffer.from([1]),
    ]);
    await publishRaw(route, { headers: table }, bytes("null"));
    await waitFor(() => seen.length === 2, "the request with __proto__");
    assert.equal(seen[1]?.["admin"], undefined);
    assert.equal(({} as Headers)["admin"], undefined);
  });

  it("arrive when there are 1,000", async () => {
    await using bench = openBench();
    const { route, seen, peer } = await serve(bench);
    const headers = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`key${n}`, n]));
    assert.deepEqual(json(await peer.call(route, null, { headers })), { redelivered: false });
    assert.deepEqual({ ...seen[0] }, headers);
  });

  it("do not hurt the worker when they are not UTF-8", async () => {
    await using bench = openBench();
    const { route, seen, peer } = await serve(bench);
    // A name of one byte and a long string of two, none of which is text.
    const headers = Uint8Array.of(1, 0xff, 0x53, 0, 0, 0, 2, 0xff, 0xfe);
    await publishRaw(route, { headers }, bytes("null"));
    await waitFor(() => seen.length === 1, "the request");
    assert.deepEqual(json(await peer.call(route, null)), { redelivered: false });
  });

  it("do not stop the worker for good when they nest deeper than any stack", async () => {
    await using bench = openBench();
    const { route, seen, peer } = await serve(bench);
    await publishRaw(route, { headers: nestedArrays("deep", 26_000) }, bytes("null"));
    // RabbitMQ 4 itself takes several seconds to read them, and delivers nothing else of this queue meanwhile.
    await waitFor(() => seen.length === 1, "the request", 60_000);
    assert.ok(json(await peer.call(route, null)));
  });
});

describe("headers of a call", needsBroker, () => {
  for (const [what, headers] of [
    ["NaN, for which the broker ends the connection", { n: Number.NaN }],
    ["infinity, for which the broker ends the connection", { n: Infinity }],
    ["a name longer than AMQP takes", { ["ž".repeat(128)]: 1 }],
    ["more than fits in a frame", { text: "x".repeat(200_000) }],
  ] as const) {
    it(`with ${what} reject it, and no other call`, async () => {
      await using bench = openBench();
      const route = bench.route();
      bench.registry(route, (input) => input);
      await bench.worker();
      const client = bench.client();
      assert.equal(await client.call(route, "before"), "before");
      const [odd, next] = await Promise.allSettled([
        client.call(route, "odd", { headers, timeout: 5_000 }),
        client.call(route, "next", { timeout: 5_000 }),
      ]);
      assert.deepEqual(next, { status: "fulfilled", value: "next" });
      assert.ok(odd.status === "rejected" && odd.reason instanceof BgtasksError);
      assert.notEqual(odd.reason.code, "timeout");
    });
  }
});

/** Bytes of whatever class as something that can be compared. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  return value;
}
