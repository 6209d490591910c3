import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { inspectQueue, needsBroker } from "../support/broker.ts";
import { directName, pidOf } from "../support/direct_reply_to.ts";
import { deferred, waitFor } from "../support/wait_for.ts";
import { AmqplibPeer, errorCode, json } from "./amqplib_peer.ts";
import { openBench } from "./open_bench.ts";

describe("a reply queue that a client named", needsBroker, () => {
  it("is replied to while it is exclusive to that client", async () => {
    await using bench = openBench();
    bench.registry(bench.route(), (input: number) => input + 1);
    await bench.worker();
    const peer = await AmqplibPeer.open(bench);
    const replyTo = crypto.randomUUID();
    await peer.channel.assertQueue(replyTo, { exclusive: true, durable: false });
    await peer.collectFrom(replyTo);
    for (let n = 0; n < 3; n++)
      assert.equal(json(await peer.call(bench.route(), n, { replyTo })), n + 1);
  });

  it("is refused when others can read it, and the request goes to the dead letters of its queue", async () => {
    await using bench = openBench();
    const [dead, open] = [bench.route("dead"), bench.route("open")];
    const handled: unknown[] = [];
    const queue = {
      arguments: { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead },
    };
    bench.registry(bench.route(), { queue }, (input: unknown) => void handled.push(input));
    const peer = await AmqplibPeer.open(bench);
    await peer.channel.assertQueue(dead);
    await peer.channel.assertQueue(open);
    await bench.worker();
    for (const replyTo of [open, bench.route("missing"), "amq.rabbitmq.trace"])
      peer.send(bench.route(), Buffer.from("1"), { replyTo, correlationId: "1" });
    await waitFor(async () => (await inspectQueue(dead)).messageCount === 3, "the dead letters");
    assert.deepEqual(handled, []);
    assert.equal((await inspectQueue(open)).messageCount, 0);
  });
});

describe("a flood of made-up reply queues", needsBroker, () => {
  // The first is of the form that the broker makes, which then has to be asked.
  for (const [what, node] of [
    ["nodes that are not there", (n: number) => `reply@${n}`],
    ["names that are not a node's", (n: number) => `rabbit@${n}.invalid`],
  ] as const)
    it(`with ${what} holds up no caller, known or new`, async () => {
      await using bench = openBench();
      bench.registry(bench.route(), (input: number) => input);
      await bench.worker();
      const known = bench.client();
      assert.equal(await known.call(bench.route(), 0), 0);
      const peer = await AmqplibPeer.open(bench);
      for (let n = 0; n < 1_000; n++) {
        const key = Buffer.from(`key ${n}`).toString("base64");
        const replyTo = directName(pidOf(node(n)), key);
        peer.send(bench.route(), Buffer.from("0"), { replyTo, correlationId: `${n}` });
      }
      const started = performance.now();
      const other = bench.client({ settings: { name: "a new caller" } });
      const calls = [known, other].map((client) =>
        client.call(bench.route(), 1, { timeout: 5_000 }),
      );
      assert.deepEqual(await Promise.all(calls), [1, 1]);
      assert.ok(performance.now() - started < 4_000);
    });
});

describe("a caller's clock that differs", needsBroker, () => {
  for (const difference of [-3_600, -2, 2, 3_600]) {
    it(`by ${difference} s makes no deadline early`, async () => {
      await using bench = openBench();
      const late: number[] = [];
      let sentAt = 0;
      bench.registry(bench.route(), (_input: unknown, { deadline = 0 }) => {
        late.push(deadline - (sentAt + 5_000));
        // As far as the request is known to have come at least now.
        assert.ok(deadline <= Date.now() + 5_001);
      });
      await bench.worker();
      const peer = await AmqplibPeer.open(bench);
      await peer.takeReplies();
      for (let n = 0; n < 5; n++) {
        sentAt = Date.now();
        const timestamp = Math.floor(sentAt / 1_000) + difference;
        const reply = await peer.call(bench.route(), n, { timestamp, expiration: "5000" });
        assert.equal(errorCode(reply), undefined);
      }
      // Both clocks round to whole milliseconds.
      assert.ok(late.length === 5 && late.every((ms) => ms >= -2), late.join(", "));
    });
  }

  it("does not hide how long a request waited in its queue", async () => {
    await using bench = openBench();
    const left: number[] = [];
    const [started, gate] = [deferred(), deferred()];
    bench.registry(bench.route(), async (_input: unknown, { deadline }) => {
      left.push((deadline ?? 0) - Date.now());
      started.resolve();
      await gate.promise;
    });
    await bench.worker({ concurrency: 1 });
    const client = bench.client();
    const first = client.call(bench.route(), 1, { timeout: 60_000 });
    await started.promise;
    const second = client.call(bench.route(), 2, { timeout: 60_000 });
    const sentAt = performance.now();
    // The times of both are known in whole seconds.
    await waitFor(() => performance.now() - sentAt > 2_500, "the wait", 5_000);
    gate.resolve();
    await Promise.all([first, second]);
    assert.ok((left[1] ?? 0) < 60_000 - 1_000, left.join(", "));
  });
});
