import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { AMQPClient } from "@cloudamqp/amqp-client";
import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { enterLadder, ladderTopology, LOST_QUEUE } from "../../../src/jobs/delay_ladder.ts";
import { jobQueueName, jobTopology } from "../../../src/jobs/job_queues.ts";
import { resolveSettings } from "../../../src/settings/settings.ts";
import { BrokerConnection } from "../../../src/transport/amqp/connection/broker_connection.ts";
import { declareTopology } from "../../../src/transport/amqp/topology/declare_topology.ts";
import { needsRabbitMQServerForLong, PrivateBroker } from "../../support/private_broker.ts";
import { waitFor } from "../../support/wait_for.ts";

/** Beside one broker, because what the ladder is made of has names that other tests may have, too. */
describe("declareTopology()", needsRabbitMQServerForLong, () => {
  let broker: PrivateBroker;
  let client: AMQPClient;
  let channel: AMQPChannel;
  let connection: BrokerConnection;

  before(async () => {
    broker = await PrivateBroker.start();
    const settings = resolveSettings(broker.settings);
    const [host] = settings.hosts;
    assert.ok(host);
    connection = await BrokerConnection.open(host, {
      settings,
      name: "topology",
      keepsProcessAlive: true,
    });
    client = new AMQPClient(broker.node.url);
    client.onerror = () => {};
    await client.connect();
    channel = await client.channel();
    await channel.confirmSelect();
  });

  after(async () => {
    await client?.close();
    await connection?.close();
    await broker?.[Symbol.asyncDispose]();
  });

  const countOf = async (queue: string): Promise<number> =>
    (await channel.queueDeclare(queue, { passive: true })).messageCount;

  const send = async (queue: string, delay: number, id: string): Promise<void> => {
    const { exchange, routingKey } = enterLadder(queue, delay);
    await channel.basicPublish(exchange, routingKey, id, { deliveryMode: 2, messageId: id });
  };

  it("declares the ladder, up to its highest level, and takes one that is there", async () => {
    await declareTopology(connection, ladderTopology());
    await declareTopology(connection, ladderTopology());
    const list = await broker.node.ctl("-q", "list_queues", "name", "arguments");
    const highest = list.split("\n").find((line) => line.startsWith("bgtasks.v1.delay.31"));
    assert.match(highest ?? list, /\b2147483648\b/);
  });

  it("makes queues that a delayed message arrives in, not too early, and no other queue", async () => {
    await declareTopology(connection, [
      ...ladderTopology(),
      ...jobTopology("resize", undefined),
      ...jobTopology("images.bgtasks.job.resize", undefined),
    ]);
    const queue = jobQueueName("resize");
    const sentAt = performance.now();
    await send(queue, 5 * 64, "five units");
    await waitFor(async () => (await countOf(queue)) === 1, "the message is due");
    assert.ok(performance.now() - sentAt >= 5 * 64);
    const message = await channel.basicGet(queue, { noAck: true });
    assert.equal(message?.properties.messageId, "five units");
    assert.equal(await countOf(jobQueueName("images.bgtasks.job.resize")), 0);
  });

  it("makes a ladder that messages for a missing queue do not block", async () => {
    await declareTopology(connection, [...ladderTopology(), ...jobTopology("there", undefined)]);
    const before = await countOf(LOST_QUEUE);
    for (let i = 0; i < 40; i++) await send("bgtasks.job.gone", 128, `gone ${i}`);
    await send(jobQueueName("there"), 128, "there");
    await waitFor(async () => (await countOf(jobQueueName("there"))) === 1, "the next is due");
    await waitFor(async () => (await countOf(LOST_QUEUE)) === before + 40, "the others are lost");
  });

  it("makes a ladder that keeps what is sent with another routing key among the lost", async () => {
    await declareTopology(connection, ladderTopology());
    const before = await countOf(LOST_QUEUE);
    for (const key of ["", "a.b.c", `2.${"0.".repeat(25)}x`])
      await channel.basicPublish("bgtasks.v1.delay.31", key, "x", { deliveryMode: 2 });
    await waitFor(async () => (await countOf(LOST_QUEUE)) === before + 3, "they are lost");
  });

  it("refuses a queue of that name that could lose jobs, and leaves the connection as it is", async () => {
    await channel.queueDeclare(jobQueueName("classic"), { durable: true });
    const records = [...ladderTopology(), ...jobTopology("classic", undefined)];
    await assert.rejects(declareTopology(connection, records), {
      name: "ConnectionRefusedError",
      message:
        /^Cannot declare the queues, because .* inequivalent arg '[\w-]+' for queue 'bgtasks\.job\.classic'.* Delete it when it is empty/s,
    });
    assert.equal(connection.isLost, false);
    await declareTopology(connection, jobTopology("other", undefined));
  });

  it("uses an exchange of somebody else as it is", async () => {
    await channel.exchangeDeclare("ours.not", "topic", { durable: true });
    for (const exchange of ["ours.not", "default"]) {
      await declareTopology(connection, jobTopology("mail", exchange));
      await channel.basicPublish(exchange, "mail", "[1]", {}, true);
    }
    await waitFor(async () => (await countOf(jobQueueName("mail"))) === 2, "both arrive");
  });

  it("rejects when the link is lost meanwhile", async () => {
    const settings = resolveSettings(broker.settings);
    const [host] = settings.hosts;
    assert.ok(host);
    const other = await BrokerConnection.open(host, {
      settings,
      name: "to be lost",
      keepsProcessAlive: true,
    });
    const declared = declareTopology(other, ladderTopology());
    other.destroy(new Error("cut"));
    await assert.rejects(declared, { name: "ConnectionLostError" });
  });
});
