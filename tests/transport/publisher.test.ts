import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Settings } from "../../mod.ts";
import { openTransport } from "../../src/composition.ts";
import { resolveSettings } from "../../src/settings/settings.ts";
import type { OutgoingMessage, PublisherLink } from "../../src/transport/transport.ts";
import { exchange } from "../../src/transport/topology.ts";
import { Bench } from "../support/adapters.ts";
import { brokerURL, inspectQueue, needsBroker, withChannel } from "../support/broker.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import { waitFor } from "../support/wait_for.ts";

const direct: Settings = { url: brokerURL, environment: "", reconnect: { initial: 5, max: 50 } };

function message(id: string, body = "1"): OutgoingMessage {
  return { id, type: undefined, contentType: "application/json", body, headers: undefined };
}

async function openPublisher(
  bench: Bench,
  settings: Settings = {},
): Promise<{ publisher: PublisherLink; states: string[] }> {
  const transport = await openTransport(resolveSettings({ ...direct, ...settings }));
  const states: string[] = [];
  const publisher = transport.openPublisher({ onStatus: ({ state }) => states.push(state) });
  bench.onDispose(() => publisher.close());
  return { publisher, states };
}

function giveUpAt(milliseconds: number): number {
  return performance.now() + milliseconds;
}

/** The ids of all messages in a queue, in their order. */
function idsIn(queue: string): Promise<(string | undefined)[]> {
  return withChannel(async (channel) => {
    const ids: (string | undefined)[] = [];
    for (let got = await channel.basicGet(queue); got; got = await channel.basicGet(queue))
      ids.push(got.properties.messageId);
    return ids;
  });
}

describe("a publisher over a link that breaks", needsBroker, () => {
  it("sends again what was not confirmed, with its id, until everything is", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "", { delay: 15 });
    const queue = bench.route();
    await withChannel((channel) => channel.queueDeclare(queue));
    const { publisher, states } = await openPublisher(bench, {
      url: undefined,
      host: "127.0.0.1",
      port: proxy.port,
    });
    const ids = Array.from({ length: 300 }, (_, index) => `id-${index}`);
    const published: Promise<string>[] = [];
    for (const [index, id] of ids.entries()) {
      published.push(publisher.publish(message(id), { key: queue }, giveUpAt(30_000)));
      if (index % 100 !== 50) continue;
      await waitFor(() => states.at(-1) === "ready", "a link");
      // It has left with the end of this turn, and its confirm is at least 15 ms away.
      await new Promise((resolve) => setImmediate(resolve));
      proxy.reset();
      await waitFor(() => states.at(-1) !== "ready", "the loss");
    }
    assert.deepEqual(new Set(await Promise.all(published)), new Set(["stored"]));
    const arrived = await idsIn(queue);
    assert.deepEqual(new Set(arrived), new Set(ids), "each of them at least once");
  });

  it("tells what it cannot know from what never left", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const queue = bench.route();
    await withChannel((channel) => channel.queueDeclare(queue));
    const link: Settings = { url: undefined, host: "127.0.0.1", port: proxy.port };
    const { publisher, states } = await openPublisher(bench, link);
    await waitFor(() => states.at(-1) === "ready", "a link");
    proxy.freeze();
    assert.equal(await publisher.publish(message("a"), { key: queue }, giveUpAt(200)), "unknown");
    proxy.refuse();
    await waitFor(() => states.at(-1) === "waiting", "the loss");
    assert.equal(await publisher.publish(message("b"), { key: queue }, giveUpAt(200)), "unsent");
    // What was given up is not sent later on.
    proxy.accept();
    assert.equal(await publisher.publish(message("c"), { key: queue }, giveUpAt(20_000)), "stored");
    assert.deepEqual(
      (await idsIn(queue)).filter((id) => id !== "a"),
      ["c"],
    );
  });
});

describe("a publisher", needsBroker, () => {
  it("that may not connect again rejects what it did not send, and only that", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const queue = bench.route();
    await withChannel((channel) => channel.queueDeclare(queue));
    const { publisher, states } = await openPublisher(bench, {
      url: undefined,
      host: "127.0.0.1",
      port: proxy.port,
      reconnect: { initial: 5, attempts: 1 },
    });
    await waitFor(() => states.at(-1) === "ready", "a link");
    proxy.freeze();
    const sent = publisher.publish(message("a"), { key: queue }, giveUpAt(20_000));
    await new Promise((resolve) => setImmediate(resolve));
    proxy.refuse();
    assert.equal(await sent, "unknown");
    const late = publisher.publish(message("b"), { key: queue }, giveUpAt(20_000));
    await assert.rejects(late, { code: "connection_lost" });
    await withChannel((channel) => channel.queueDelete(queue));
  });

  it("tells that a full queue refuses a message", async () => {
    await using bench = new Bench(direct, true);
    const queue = bench.route();
    const limits = { "x-max-length": 1, "x-overflow": "reject-publish" };
    await withChannel((channel) => channel.queueDeclare(queue, { durable: true }, limits));
    const { publisher } = await openPublisher(bench);
    const outcomes: string[] = [];
    for (let i = 0; i < 3; i++)
      outcomes.push(await publisher.publish(message(String(i)), { key: queue }, giveUpAt(10_000)));
    assert.equal(outcomes[0], "stored");
    assert.ok(outcomes.includes("refused"), outcomes.join());
  });

  it("refuses alone a message that is larger than the broker takes", async () => {
    await using bench = new Bench(direct, true);
    const queue = bench.route();
    await withChannel((channel) => channel.queueDeclare(queue));
    const { publisher } = await openPublisher(bench);
    const huge = message("huge", JSON.stringify("x".repeat(140_000_000)));
    const [refused, stored] = await Promise.allSettled([
      publisher.publish(huge, { key: queue }, giveUpAt(60_000)),
      publisher.publish(message("small"), { key: queue }, giveUpAt(60_000)),
    ]);
    assert.ok(refused.status === "rejected", JSON.stringify(refused.status));
    assert.equal((refused.reason as { code?: unknown }).code, "too_large");
    assert.deepEqual(stored, { status: "fulfilled", value: "stored" });
    assert.ok((await inspectQueue(queue)).messageCount >= 1);
  });

  it("declares an exchange that is missing, and takes one that has other properties", async () => {
    await using bench = new Bench(direct, true);
    const { publisher } = await openPublisher(bench);
    const name = bench.route("exchange");
    const topology = [exchange(name, "topic")];
    bench.onDispose(async () => {
      await withChannel((channel) => channel.exchangeDelete(name));
    });
    const target = { exchange: name, key: "a.b", topology };
    const missing = publisher.publish(message("a"), target, giveUpAt(10_000));
    assert.equal(await missing, "unroutable");
    const queue = bench.route();
    await withChannel(async (channel) => {
      await channel.queueDeclare(queue);
      await channel.queueBind(queue, name, "#");
    });
    const other = await openPublisher(bench);
    // As another service may have declared it.
    const different = [{ ...exchange(name, "topic"), durable: false, foreign: true }];
    const outcomes = await Promise.all(
      ["b", "c"].map((id) =>
        other.publisher.publish(
          message(id),
          { exchange: name, key: id, topology: different },
          giveUpAt(10_000),
        ),
      ),
    );
    assert.deepEqual(outcomes, ["stored", "stored"]);
    assert.deepEqual(await idsIn(queue), ["b", "c"]);
  });
});
