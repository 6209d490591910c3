import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { inspectQueue, needsBroker } from "../support/broker.ts";
import { waitFor } from "../support/wait_for.ts";
import { AmqplibPeer, DIRECT_REPLY_TO, json } from "./amqplib_peer.ts";
import { CapturedLog } from "./captured_log.ts";
import { openBench } from "./open_bench.ts";

type Bench = ReturnType<typeof openBench>;

const VERSION = 131;
const PID = 103;
const NEW_PID = 88;
const SMALL_UTF8_ATOM = 119;

describe("a reply_to that names somebody else's queue", needsBroker, () => {
  it("is refused: nothing is written there, the handler does not run, and the worker lives", async () => {
    await using bench = openBench();
    await using log = await CapturedLog.start();
    const { route, peer, inputs, stop } = await serveEcho(bench);
    const victim = bench.route("victim");
    await peer.channel.assertQueue(victim);
    await peer.takeReplies();
    peer.send(route, Buffer.from('"odd"'), { replyTo: victim, correlationId: "1" });
    assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
    assert.deepEqual(inputs, ["next"]);
    assert.equal((await inspectQueue(victim)).messageCount, 0);
    assert.equal(log.messages(route, victim).length, 1);
    await stop();
    assert.equal((await inspectQueue(route)).messageCount, 0);
  });

  it("is replied to when settings allow it", async () => {
    await using bench = openBench();
    const victim = bench.route("allowed");
    const { route, peer } = await serveEcho(bench, [victim.slice(0, -2)]);
    await peer.channel.assertQueue(victim);
    await peer.takeReplies();
    peer.send(route, Buffer.from('"odd"'), { replyTo: victim, correlationId: "1" });
    assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
    const message = await peer.channel.get(victim, { noAck: true });
    assert.ok(message);
    assert.equal(message.properties.correlationId, "1");
    assert.deepEqual(json(message), ALIVE);
  });

  for (const name of [
    "amq.gen",
    "amq.gen-",
    "amq.gen-a.b",
    "amq.gen-ž",
    "amq.rabbitmq.trace",
    " ",
    ".",
  ]) {
    it(`is refused when it is ${JSON.stringify(name)}`, async () => {
      await using bench = openBench();
      const { route, peer, inputs } = await serveEcho(bench);
      await peer.takeReplies();
      peer.send(route, Buffer.from('"odd"'), { replyTo: name, correlationId: "1" });
      assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
      assert.deepEqual(inputs, ["next"]);
    });
  }

  it("is dropped by the broker when no such queue of the broker's own naming exists", async () => {
    await using bench = openBench();
    const { route, peer, inputs } = await serveEcho(bench);
    await peer.takeReplies();
    const replyTo = "amq.gen-AAAAAAAAAAAAAAAAAAAAAA";
    peer.send(route, Buffer.from('"odd"'), { replyTo, correlationId: "1" });
    assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
    assert.deepEqual(inputs, ["odd", "next"]);
  });
});

// The broker reads such a name as "<Erlang process id in base64>.<key>", and up to RabbitMQ 3.10 ends the whole
// connection of whoever publishes to one that it cannot read.
describe("a direct reply-to name that the broker did not make", needsBroker, () => {
  // Of what the real name of a caller of this broker holds.
  const junk: readonly (readonly [string, (real: Buffer) => string])[] = [
    ["nothing after the dot", () => ""],
    ["no key", () => "AAAA"],
    ["an empty key", () => "AAAA."],
    ["an empty process", () => ".AAAA"],
    ["dots alone", () => "..."],
    ["no base64", () => "!!!.###"],
    ["letters beyond ASCII", () => "žžžž.AAAA"],
    ["base64 that is no term", () => "AAAA.AAAA"],
    ["base64 of a wrong length", () => "AAAAA.AAAA"],
    ["padding alone", () => "====.===="],
    ["padding in the middle", () => "AA==AAAA.AAAA"],
    ["text in base64", () => forge(Buffer.from("hello, I am a caller"))],
    ["a term that is a number", () => forge([VERSION, 97, 1])],
    ["a term that is a list", () => forge([VERSION, 108, 0, 0, 0, 1, 97, 1, 106])],
    ["a compressed term", () => forge([VERSION, 80, 0xff, 0xff, 0xff, 0xff, 0x78, 0x9c])],
    ["a process that is cut off", (real) => forge(real.subarray(0, -1))],
    ["a process with a byte after it", (real) => forge([...real, 0])],
    ["a process of another version", (real) => forge([VERSION - 1, ...real.subarray(1)])],
    ["a process of an unnamed node", () => forge(processId(utf8Atom([])))],
    [
      "a process of a node that is nowhere",
      () => forge(processId(utf8Atom(Buffer.from("no@where")))),
    ],
    [
      "a process of a node without a host",
      () => forge(processId(utf8Atom(Buffer.from("nowhere")))),
    ],
    ["a node's name that is not UTF-8", () => forge(processId(utf8Atom([0xff, 0xfe, 0xfd])))],
    ["a node's name that is cut off in a letter", () => forge(processId(utf8Atom([97, 0xc5])))],
    ["a node's name of surrogates", () => forge(processId(utf8Atom([0xed, 0xa0, 0x80])))],
    ["a node's name of NUL", () => forge(processId(utf8Atom([0])))],
    [
      "a process of the old form with a creation of the new",
      () => forge([VERSION, PID, ...utf8Atom(Buffer.from("a@b")), 0, 0, 2, 1, 0, 0, 0, 0, 255]),
    ],
    ["a process that is no channel", (real) => forge(withField(real, -12, 1))],
    ["a process of an earlier start of the node", (real) => forge(withField(real, -4, 1))],
    ["two keys", (real) => `${forge(real)}.AAAA`],
    ["its own key replaced", (real) => forge(real)],
  ];

  for (const [what, suffix] of junk) {
    it(`with ${what} leaves the worker's connection up`, async () => {
      await using bench = openBench();
      await using log = await CapturedLog.start();
      const { route, peer } = await serveEcho(bench);
      await peer.takeReplies();
      const replyTo = `${DIRECT_REPLY_TO}.${suffix(readProcess(await peer.directReplyName()))}`;
      peer.send(route, Buffer.from('"odd"'), { replyTo, correlationId: "1" });
      assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
      assert.equal(peer.replies.length, 1);
      assert.deepEqual(log.messages("next attempt"), []);
    });
  }

  // In form these are the broker's own, which alone can tell that they are not, so that one of them may cost a connection.
  for (const [what, suffix] of [
    [
      "a process of a node that left the cluster",
      () => forge(processId(utf8Atom(Buffer.from("reply@1")))),
    ],
    ["a process number out of range", (real: Buffer) => forge(withField(real, -12, 0xffffffff))],
    ["a process serial out of range", (real: Buffer) => forge(withField(real, -8, 0xffffffff))],
  ] as const) {
    it(`with ${what} does not stop the worker for good`, async () => {
      await using bench = openBench();
      const { route, peer, inputs, stop } = await serveEcho(bench);
      await peer.takeReplies();
      const replyTo = `${DIRECT_REPLY_TO}.${suffix(readProcess(await peer.directReplyName()))}`;
      peer.send(route, Buffer.from('"odd"'), { replyTo, correlationId: "1" });
      assert.ok(json(await peer.call(route, "next")));
      assert.deepEqual(json(await peer.call(route, "last")), ALIVE);
      assert.equal(inputs.at(-1), "last");
      // Not even kept for the next worker.
      await stop();
      assert.equal((await inspectQueue(route)).messageCount, 0);
    });
  }

  it("but made for another connection gets the reply there", async () => {
    await using bench = openBench();
    const { route, peer } = await serveEcho(bench);
    await peer.takeReplies();
    const replyTo = await peer.directReplyName();
    const other = await AmqplibPeer.open(bench);
    other.send(route, Buffer.from('"odd"'), { replyTo, correlationId: "1" });
    await waitFor(() => peer.replies.length === 1, "the reply to the other's request");
    assert.deepEqual(json(await peer.call(route, "next")), ALIVE);
  });
});

/** What the worker answers while the connection it was started with stands. */
const ALIVE = { redelivered: false };

async function serveEcho(
  bench: Bench,
  allowReplyTo: readonly string[] = [],
): Promise<{ route: string; peer: AmqplibPeer; inputs: unknown[]; stop: () => Promise<void> }> {
  const route = bench.route();
  const inputs: unknown[] = [];
  bench.registry(route, (input, { redelivered }) => {
    inputs.push(input);
    return { redelivered };
  });
  // One at a time, so that what is sent first is done first.
  const worker = await bench.worker({ concurrency: 1, settings: { allowReplyTo } });
  return { route, peer: await AmqplibPeer.open(bench), inputs, stop: () => worker.stop() };
}

/** The process id in a name that the broker made. */
function readProcess(name: string): Buffer {
  const [process = ""] = name.slice(DIRECT_REPLY_TO.length + 1).split(".");
  return Buffer.from(process, "base64");
}

/** The part of a name after its prefix, for a term. */
function forge(term: Iterable<number>): string {
  const key = Buffer.from("0123456789abcdef").toString("base64");
  return `${Buffer.from([...term]).toString("base64")}.${key}`;
}

/** A process id with one of its last three fields changed: number, serial, creation. */
function withField(real: Buffer, offset: -12 | -8 | -4, value: number): Buffer {
  assert.equal(real[1], NEW_PID);
  const changed = Buffer.from(real);
  changed.writeUInt32BE(value, real.length + offset);
  return changed;
}

function utf8Atom(name: Iterable<number>): number[] {
  const bytes = [...name];
  return [SMALL_UTF8_ATOM, bytes.length, ...bytes];
}

/** A process id as the external term format has it: https://www.erlang.org/doc/apps/erts/erl_ext_dist.html */
function processId(node: readonly number[]): number[] {
  return [VERSION, NEW_PID, ...node, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1];
}
