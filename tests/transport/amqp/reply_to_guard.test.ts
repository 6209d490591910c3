import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { resolveSettings } from "../../../src/settings/settings.ts";
import { BrokerConnection } from "../../../src/transport/amqp/connection/broker_connection.ts";
import { ReplyToGuard } from "../../../src/transport/amqp/reply_to/reply_to_guard.ts";
import { ReplyToRule } from "../../../src/transport/amqp/reply_to/reply_to_rule.ts";
import { brokerURL, needsBroker, withChannel } from "../../support/broker.ts";
import { FakeBroker } from "../../support/fake_broker.ts";
import { directName, newPid, oldPid, pidOf } from "../../support/direct_reply_to.ts";
import { deferred, waitFor } from "../../support/wait_for.ts";

const options = {
  settings: resolveSettings({ url: brokerURL }),
  name: "reply-to trials",
  keepsProcessAlive: true,
};

function connect(settings = options.settings): Promise<BrokerConnection> {
  const [host] = settings.hosts;
  assert.ok(host);
  return BrokerConnection.open(host, { ...options, settings });
}

/** A guard as a worker has it, and how often it opened a connection for trials. */
class GuardBench implements AsyncDisposable {
  readonly guard: ReplyToGuard;
  opened = 0;
  readonly #connection: BrokerConnection;

  static async open(openAnother = connect, settings = options.settings): Promise<GuardBench> {
    return new GuardBench(await connect(settings), openAnother);
  }

  private constructor(connection: BrokerConnection, openAnother: () => Promise<BrokerConnection>) {
    this.#connection = connection;
    this.guard = new ReplyToGuard(new ReplyToRule([]), () => {
      this.opened++;
      return openAnother();
    });
    this.guard.begin(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.guard.close();
    await this.#connection.close();
  }
}

/** A name of a node that no broker knows, another one for each number. */
function strangeName(number: number): string {
  return directName(pidOf(`reply@${1_000 + number}`));
}

describe("ReplyToGuard", needsBroker, () => {
  it("judges no name by a connection that broke, and asks again for the next request", async () => {
    let breaks = true;
    await using bench = await GuardBench.open(async () => {
      const connection = await connect();
      if (breaks) connection.destroy(new Error("pulled"));
      return connection;
    });
    assert.equal(await bench.guard.allows(directName(newPid)), undefined);
    assert.equal(bench.opened, 3);
    breaks = false;
    assert.equal(typeof (await bench.guard.allows(directName(newPid))), "boolean");
  });

  it("allows callers of the worker's own node without a trial, and remembers them", async () => {
    await using bench = await GuardBench.open();
    const name = await withChannel(async (channel) => {
      let name = "";
      channel.onReturn = ({ properties }) => (name = properties.replyTo ?? "");
      await channel.basicConsume("amq.rabbitmq.reply-to", { noAck: true }, () => {});
      const nobody = crypto.randomUUID();
      await channel.basicPublish("", nobody, "", { replyTo: "amq.rabbitmq.reply-to" }, true);
      return await waitFor(() => name, "the name that the broker wrote into it");
    });
    assert.equal(await bench.guard.allows(name), true);
    assert.equal(bench.guard.allows(name), true);
    assert.equal(bench.opened, 0);
  });

  it("lets no reply go before the broker brings a message to this worker itself", async () => {
    const echoes: string[] = [];
    await using broker = await FakeBroker.open({
      replyName: (_, channel) => directName(newPid, btoa(String(channel))),
      // As RabbitMQ 4.0 while it starts: it drops what it cannot resolve yet.
      onPublish: ({ routingKey }) =>
        routingKey.startsWith("amq.rabbitmq.reply-to.") && echoes.push(routingKey) === 1,
    });
    const settings = resolveSettings({ url: broker.url });
    await using bench = await GuardBench.open(() => connect(settings), settings);
    assert.equal(await bench.guard.allows(directName(newPid, btoa("another"))), true);
    assert.equal(echoes.length, 2);
    assert.equal(bench.opened, 0);
  });

  it("tries each unknown node once, however many callers name it", async () => {
    await using bench = await GuardBench.open();
    const trials = Array.from({ length: 200 }, async (_, key) =>
      bench.guard.allows(directName(newPid, btoa(`key ${key}`))),
    );
    const [first, ...others] = await Promise.all(trials);
    assert.equal(typeof first, "boolean");
    assert.ok(others.every((verdict) => verdict === first));
    assert.equal(bench.opened, 1);
    assert.equal(bench.guard.allows(directName(newPid)), first);
  });

  it("asks again about a node that the broker could not resolve, because it may be back", async () => {
    let isBack = false;
    await using broker = await FakeBroker.open({
      onPublish({ routingKey }, link) {
        if (isBack || !routingKey.startsWith("amq.rabbitmq.reply-to.")) return false;
        link.closeConnection(541, "INTERNAL_ERROR");
        return true;
      },
    });
    const settings = resolveSettings({ url: broker.url });
    await using bench = await GuardBench.open(() => connect(settings));
    assert.equal(await bench.guard.allows(directName(newPid)), false);
    assert.equal(bench.guard.allows(directName(newPid)), false);
    assert.equal(bench.opened, 1);
    isBack = true;
    await waitFor(async () => await bench.guard.allows(directName(newPid)), "the node");
    // Once it has resolved, every name of the node is good.
    assert.equal(bench.guard.allows(directName(newPid, btoa("another"))), true);
    assert.equal(bench.opened, 2);
  });

  it("asks again about a queue that was missing, because its client may be back", async () => {
    await using bench = await GuardBench.open();
    const name = `test.${crypto.randomUUID()}`;
    assert.equal(await bench.guard.allows(name), false);
    await withChannel(async (channel) => {
      await channel.queueDeclare(name, { exclusive: true });
      await waitFor(async () => await bench.guard.allows(name), "the client's queue");
    });
  });

  it("lets only as many nodes wait for their trial as a cluster may have, and has no opinion on others", async () => {
    const gate = deferred();
    await using bench = await GuardBench.open(async () => {
      await gate.promise;
      return await connect();
    });
    const verdicts = Array.from(
      { length: 50 },
      async (_, n) => await bench.guard.allows(strangeName(n)),
    );
    assert.deepEqual(await Promise.all(verdicts.slice(10)), Array(40).fill(undefined));
    gate.resolve();
    assert.ok((await Promise.all(verdicts.slice(0, 10))).every((v) => typeof v === "boolean"));
    assert.equal(typeof (await bench.guard.allows(strangeName(20))), "boolean");
  });

  it("has no opinion while there is no connection to try names on, and does not ask for one again and again", async () => {
    await using bench = await GuardBench.open(() => Promise.reject(new Error("at the limit")));
    for (let number = 0; number < 20; number++)
      assert.equal(await bench.guard.allows(strangeName(number)), undefined);
    assert.equal(bench.opened, 1);
    assert.equal(await bench.guard.allows(directName(oldPid)), undefined);
  });

  it("allows a queue that a client named while it is exclusive to that client, and no other", async () => {
    await using bench = await GuardBench.open();
    const name = `test.${crypto.randomUUID()}`;
    assert.equal(await bench.guard.allows(`${name}.missing`), false);
    await withChannel(async (channel) => {
      await channel.queueDeclare(name, { exclusive: true });
      await channel.queueDeclare(`${name}.open`, { durable: true });
      try {
        assert.equal(await bench.guard.allows(name), true);
        assert.equal(bench.guard.allows(name), true);
        assert.equal(await bench.guard.allows(`${name}.open`), false);
      } finally {
        await channel.queueDelete(`${name}.open`);
      }
    });
  });
});
