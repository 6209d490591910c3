import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { connect } from "amqplib";

import { ConnectionRefusedError, RemoteError, Worker } from "../../mod.ts";
import { CapturedLog } from "../foreign/captured_log.ts";
import { Bench } from "../support/adapters.ts";
import { needsRabbitMQServerForLong, PrivateBroker } from "../support/private_broker.ts";
import { waitFor } from "../support/wait_for.ts";

const CHANNELS = 12;

describe("a broker with limits of its own", needsRabbitMQServerForLong, () => {
  let broker: PrivateBroker;

  before(async () => {
    // 0 means no limit; the message size is in bytes.
    broker = await PrivateBroker.start({
      configuration: [
        "frame_max = 0",
        "heartbeat = 0",
        `channel_max = ${CHANNELS}`,
        "max_message_size = 1000000",
      ],
    });
  });

  after(() => broker[Symbol.asyncDispose]());

  it("that sets no largest frame and no heartbeat gets ours", async () => {
    await using bench = new Bench(broker.settings, false);
    bench.registry(bench.route(), (input: string) => input);
    await bench.worker({ settings: { name: "ours", heartbeatSeconds: 7 } });
    const client = bench.client();
    const large = "x".repeat(300_000);
    assert.equal(await client.call(bench.route(), large), large);
    const connections = await broker.node.ctl(
      "-q",
      "list_connections",
      "client_properties",
      "timeout",
      "frame_max",
    );
    const line = connections.split("\n").find((text) => text.includes("ours worker"));
    assert.match(line ?? connections, /\t7\t131072\s*$/);
    // And who we are.
    assert.match(line ?? connections, /"product","bgtasks"/);
    assert.ok(line?.includes(`{"pid",${process.pid}}`), line);
  });

  it("that finds a reply too large: its caller is told, its handler runs at most twice, and others go on", async () => {
    await using bench = new Bench(broker.settings, false);
    let runs = 0;
    const [large, small] = [bench.route("large"), bench.route("small")];
    bench.registry(large, () => {
      runs++;
      return "x".repeat(2_000_000);
    });
    bench.registry(small, (input: number) => input);
    await bench.worker();
    const client = bench.client();
    for (const expected of [2, 3]) {
      const error = await client.call(large).catch((reason: unknown) => reason);
      assert.ok(error instanceof RemoteError, String(error));
      assert.equal(error.code, "too_large");
      assert.equal(runs, expected);
    }
    assert.equal(await client.call(small, 7), 7);
  });

  it("that has too few channels for the worker's routes refuses them, and says how many there are", async () => {
    await using bench = new Bench(broker.settings, false);
    for (let n = 0; n < CHANNELS + 1; n++) bench.registry(bench.route(`task${n}`), () => n);
    const worker = new Worker({ registry: bench.registry, settings: bench.settings });
    bench.onDispose(() => worker.stop());
    const error = await worker.start().catch((reason: unknown) => reason);
    assert.ok(error instanceof ConnectionRefusedError, String(error));
    assert.match(error.message, /allows 12 on a connection \(channel_max\)/);
  });

  it("that allows one connection: callers of its node are served, and a stranger's reply queue stops nobody", async () => {
    await using log = await CapturedLog.start();
    for (const name of ["one", "caller"]) await broker.node.ctl("add_user", name, name);
    for (const name of ["one", "caller"])
      await broker.node.ctl("set_permissions", name, ".*", ".*", ".*");
    await broker.node.ctl("set_user_limits", "one", '{"max-connections": 1}');
    await using bench = new Bench(broker.settings, false);
    bench.registry(bench.route(), (input: number) => input);
    const user = (name: string) => ({ settings: { username: name, password: name } });
    const worker = await bench.worker(user("one"));
    const client = bench.client(user("caller"));
    assert.equal(await client.call(bench.route(), 1), 1);
    const stranger = "g1hkAAtyYWJiaXRAaG9zdAAAAQIAAAAAAQIDBA==";
    const connection = await connect(broker.node.url, { noDelay: true });
    const channel = await connection.createConfirmChannel();
    for (let n = 0; n < 5; n++) {
      const replyTo = `amq.rabbitmq.reply-to.${stranger}.c2VjcmV0`;
      channel.sendToQueue(bench.route(), Buffer.from("0"), { replyTo, correlationId: `${n}` });
    }
    await channel.waitForConfirms();
    await connection.close();
    for (let n = 0; n < 20; n++) assert.equal(await client.call(bench.route(), n), n);
    await waitFor(
      () => log.messages("reply queue that is not allowed").length === 5,
      "five refusals",
    );
    assert.deepEqual(log.messages("next attempt"), []);
    assert.equal(worker.status.state, "ready");
  });

  it("that counts a connection which is gone: a worker at its limit comes back when the broker notices", async () => {
    await broker.node.ctl("add_user", "limited", "limited");
    await broker.node.ctl("set_permissions", "limited", ".*", ".*", ".*");
    await broker.node.ctl("set_user_limits", "limited", '{"max-connections": 1}');
    await using bench = new Bench(broker.settings, false);
    bench.registry(bench.route(), (input: number) => input);
    const settings = { username: "limited", password: "limited" };
    const first = await bench.worker({ settings });
    const second = new Worker({
      registry: bench.registry,
      settings: { ...bench.settings, ...settings },
    });
    bench.onDispose(() => second.stop());
    const started = second.start();
    await waitFor(() => second.status.state === "waiting", "the refusal");
    await first.stop();
    await started;
    assert.equal(await bench.client().call(bench.route(), 1), 1);
  });
});
