import assert from "node:assert/strict";
import { it } from "node:test";

import { openTransport } from "../../src/composition.ts";
import { resolveSettings } from "../../src/settings/settings.ts";
import type {
  Delivery,
  LinkStatus,
  OutgoingMessage,
  PublisherLink,
  Source,
} from "../../src/transport/transport.ts";
import { binding, exchange } from "../../src/transport/topology.ts";
import type { Adapter, Bench } from "../support/adapters.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { withChannel } from "../support/broker.ts";
import { waitFor } from "../support/wait_for.ts";

const SOON = 10_000;

function message(text: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    id: crypto.randomUUID(),
    type: undefined,
    contentType: "application/json",
    body: JSON.stringify(text),
    headers: undefined,
    ...more,
  };
}

function giveUpAt(milliseconds = SOON): number {
  return performance.now() + milliseconds;
}

/** Links of one test, closed at its end. */
class Links {
  readonly #bench: Bench;
  readonly #adapter: Adapter;

  constructor(adapter: Adapter, bench: Bench) {
    this.#adapter = adapter;
    this.#bench = bench;
  }

  async publisher(onStatus: (status: LinkStatus) => void = () => {}): Promise<PublisherLink> {
    const transport = await openTransport(resolveSettings(this.#adapter.settings));
    const link = transport.openPublisher({ onStatus });
    this.#bench.onDispose(() => link.close());
    return link;
  }

  /** Takes what comes from a source, and acknowledges it unless told otherwise. */
  async consume(
    source: Partial<Source> & Pick<Source, "queue">,
    onDelivery: (delivery: Delivery) => void = (delivery) => delivery.ack(),
  ): Promise<Delivery[]> {
    const transport = await openTransport(resolveSettings(this.#adapter.settings));
    const link = transport.openConsumer({ onStatus() {} });
    this.#bench.onDispose(() => link.close());
    const intake = link.consume({ isAnswered: false, ...source }, 10);
    const seen: Delivery[] = [];
    void (async () => {
      for await (const delivery of intake) {
        seen.push(delivery);
        onDelivery(delivery);
      }
    })();
    await intake.ready;
    return seen;
  }

  /** The name of an exchange of this test alone, deleted at its end. */
  exchange(name: string): string {
    const exchange = `${this.#bench.route(name)}.exchange`;
    if (this.#adapter.name === "RabbitMQ")
      this.#bench.onDispose(async () => {
        await withChannel((channel) => channel.exchangeDelete(exchange));
      });
    return exchange;
  }
}

/** A queue bound to an exchange by keys. */
function bound(
  queue: string,
  name: string,
  type: "topic" | "direct",
  keys: readonly string[],
): Pick<Source, "queue" | "topology"> {
  const record = { kind: "queue", name: queue, arguments: {} } as const;
  const bindings = keys.map((key) => binding(name, "queue", queue, key));
  return { queue, topology: [exchange(name, type), record, ...bindings] };
}

function textOf({ message }: Delivery): unknown {
  return JSON.parse(message.body.readText() ?? "");
}

onBothAdapters("a publisher", (adapter) => {
  it("settles when the broker has the message, which arrives as it was sent", async () => {
    await using bench = adapter.open();
    const links = new Links(adapter, bench);
    const queue = bench.route();
    const seen = await links.consume({ queue });
    const publisher = await links.publisher();
    const sent = message("é", { id: "job-1", type: "job", headers: { attempt: 2, note: "ž" } });
    assert.equal(await publisher.publish(sent, { key: queue }, giveUpAt()), "stored");
    await waitFor(() => seen.length === 1, "the message");
    const [delivery] = seen;
    assert.ok(delivery);
    assert.equal(textOf(delivery), "é");
    const { id, type, contentType, correlationId, headers, redelivered } = delivery.message;
    assert.deepEqual(
      { id, type, contentType, correlationId, headers, redelivered },
      {
        id: "job-1",
        type: "job",
        contentType: "application/json",
        correlationId: undefined,
        headers: { attempt: 2, note: "ž" },
        redelivered: false,
      },
    );
    assert.equal(delivery.expiresAt, undefined, "it does not expire");
    assert.equal(delivery.isExpired, false);
  });

  it("tells that no queue takes a message, and of each message its own", async () => {
    await using bench = adapter.open();
    const links = new Links(adapter, bench);
    const queue = bench.route();
    const seen = await links.consume({ queue });
    const publisher = await links.publisher();
    // The same id everywhere: what is told apart is the message, not its name.
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        publisher.publish(
          message(String(index), { id: "same" }),
          { key: index % 3 === 0 ? `${queue}.nobody` : queue },
          giveUpAt(),
        ),
      ),
    );
    for (const [index, outcome] of outcomes.entries())
      assert.equal(outcome, index % 3 === 0 ? "unroutable" : "stored", `message ${index}`);
    const stored = outcomes.filter((outcome) => outcome === "stored").length;
    await waitFor(() => seen.length === stored, "what was stored");
    assert.deepEqual(
      seen.map(textOf),
      outcomes.flatMap((outcome, index) => (outcome === "stored" ? [String(index)] : [])),
      "in the order in which they were given",
    );
  });

  it("publishes nothing once it is closed", async () => {
    await using bench = adapter.open();
    const publisher = await new Links(adapter, bench).publisher();
    await publisher.close();
    const published = publisher.publish(message("late"), { key: bench.route() }, giveUpAt());
    assert.equal(await published, "unsent");
  });

  it("tells where its link stands", async () => {
    await using bench = adapter.open();
    const states: string[] = [];
    const publisher = await new Links(adapter, bench).publisher(({ state }) => states.push(state));
    await waitFor(() => states.includes("ready"), "the link");
    await publisher.close();
    assert.equal(states.at(-1), "closed");
  });
});

onBothAdapters("a source", (adapter) => {
  it("bound to a topic exchange gets what its keys match, once each", async () => {
    await using bench = adapter.open();
    const links = new Links(adapter, bench);
    const exchange = links.exchange("events");
    const [orders, all] = [bench.route("orders"), bench.route("all")];
    const seenOrders = await links.consume(
      bound(orders, exchange, "topic", ["order.*", "order.placed"]),
    );
    const seenAll = await links.consume(bound(all, exchange, "topic", ["#"]));
    const publisher = await links.publisher();
    const keys = ["order.placed", "order.placed.twice", "user.added", "order.gone"];
    for (const key of keys)
      assert.equal(await publisher.publish(message(key), { exchange, key }, giveUpAt()), "stored");
    await waitFor(() => seenAll.length === keys.length, "all messages");
    await waitFor(() => seenOrders.length === 2, "the orders");
    assert.deepEqual(seenAll.map(textOf), keys);
    assert.deepEqual(seenOrders.map(textOf), ["order.placed", "order.gone"]);
  });

  it("bound to an exchange by one key gets what is published with it, and nobody else's", async () => {
    await using bench = adapter.open();
    const links = new Links(adapter, bench);
    const exchange = links.exchange("tasks");
    const queue = bench.route();
    const seen = await links.consume(bound(queue, exchange, "direct", ["a"]));
    const publisher = await links.publisher();
    const outcomes = await Promise.all(
      ["a", "b"].map((key) => publisher.publish(message(key), { exchange, key }, giveUpAt())),
    );
    assert.deepEqual(outcomes, ["stored", "unroutable"]);
    await waitFor(() => seen.length === 1, "the message");
    assert.equal(seen[0] && textOf(seen[0]), "a");
  });

  it("gets a message again that was released, and not one that was acknowledged", async () => {
    await using bench = adapter.open();
    const links = new Links(adapter, bench);
    const queue = bench.route();
    const seen = await links.consume({ queue }, (delivery) => {
      if (delivery.message.redelivered) delivery.ack();
      else delivery.release();
    });
    const publisher = await links.publisher();
    await publisher.publish(message("again"), { key: queue }, giveUpAt());
    await waitFor(() => seen.length === 2, "the second delivery");
    assert.deepEqual(
      seen.map((delivery) => delivery.message.redelivered),
      [false, true],
    );
    assert.deepEqual(
      seen.map((delivery) => delivery.isStale),
      [true, true],
    );
  });
});
