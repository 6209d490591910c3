import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { RPCTimeoutError } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import type { PeerMethod } from "../support/amqp_methods.ts";
import { FakeBroker } from "../support/fake_broker.ts";
import type { FakeLink } from "../support/fake_broker.ts";
import { waitFor } from "../support/wait_for.ts";

/**
 * As LavinMQ behaves where it differs from RabbitMQ: its names of direct replies, expirations in steps of 100 ms rounded
 * down, so that less is dropped at once, and no word when it takes no messages.
 */
function openLavinMQ(onMethod?: (method: PeerMethod) => void): Promise<FakeBroker> {
  return FakeBroker.open({
    onMethod,
    product: "LavinMQ",
    replyName: (link: FakeLink, channel: number) =>
      `amq.direct.reply-to.amq.ctag-${link.index}_-${channel}+/=`,
    timeToLive: (expiration) => Math.floor(expiration / 100) * 100,
  });
}

describe("a broker that is LavinMQ", () => {
  it("carries calls of our client to our worker, and their failures back", async () => {
    await using broker = await openLavinMQ();
    await using bench = new Bench({ url: broker.url, environment: "" }, false);
    bench.registry(bench.route(), (input: unknown) => ({ input }));
    await bench.worker();
    const client = bench.client();
    const replies = await Promise.all(
      [1, 2, 3].map((n) => client.call(bench.route(), n, { timeout: 2_000 })),
    );
    assert.deepEqual(replies, [{ input: 1 }, { input: 2 }, { input: 3 }]);
    await assert.rejects(client.call(bench.route("missing")), { code: "no_route" });
  });

  it("drops a call of less than 100 ms, which then times out", async () => {
    await using broker = await openLavinMQ();
    await using bench = new Bench({ url: broker.url, environment: "" }, false);
    let runs = 0;
    bench.registry(bench.route(), () => ++runs);
    await bench.worker();
    const client = bench.client();
    assert.equal(await client.call(bench.route(), null, { timeout: 2_000 }), 1);
    const error = await client
      .call(bench.route(), null, { timeout: 80 })
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof RPCTimeoutError, String(error));
    assert.equal(runs, 1);
    assert.equal(await client.call(bench.route(), null, { timeout: 1_000 }), 2);
  });

  it("needs no trial of the names that it gives to replies", async () => {
    await using broker = await openLavinMQ();
    await using bench = new Bench({ url: broker.url, environment: "" }, false);
    bench.registry(bench.route(), () => "served");
    const worker = await bench.worker();
    const client = bench.client();
    assert.equal(await client.call(bench.route(), null, { timeout: 2_000 }), "served");
    // One of the worker, one of the client: its names need no trial, which would be a third.
    await waitFor(() => broker.links.size === 2, "two connections");
    assert.equal(broker.accepted, 2);
    assert.equal(worker.status.state, "ready");
  });

  it("takes a queue of the type quorum, and the worker serves it", async () => {
    const types: string[] = [];
    await using broker = await openLavinMQ(({ name, queue }) => {
      if (name === "queue.declare") types.push(queue);
    });
    await using bench = new Bench({ url: broker.url, environment: "" }, false);
    const route = bench.route();
    bench.registry(route, { queue: { type: "quorum", expires: 60_000 } }, () => "served");
    await bench.worker();
    assert.equal(await bench.client().call(route, null, { timeout: 2_000 }), "served");
    assert.ok(types.includes(route));
  });

  it("never says that it takes no messages: the call ends with its deadline, and the status stays", async () => {
    await using broker = await openLavinMQ();
    await using bench = new Bench({ url: broker.url, environment: "" }, false);
    const route = bench.route();
    bench.registry(route, () => "served");
    await bench.worker();
    const client = bench.client();
    assert.equal(await client.call(route, null, { timeout: 2_000 }), "served");
    const states: string[] = [];
    client.onStatus(({ state }) => states.push(state));
    // It stops reading and goes on with its heartbeats.
    for (const link of broker.links) link.socket.pause();
    const error = await client.call(route, 2, { timeout: 300 }).catch((reason: unknown) => reason);
    assert.ok(error instanceof RPCTimeoutError, String(error));
    assert.deepEqual([client.status.state, states], ["ready", []]);
    for (const link of broker.links) link.socket.resume();
    assert.equal(await client.call(route, 3, { timeout: 2_000 }), "served");
  });
});
