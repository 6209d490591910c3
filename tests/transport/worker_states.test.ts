import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Settings } from "../../mod.ts";
import { ClosedError, ConnectionRefusedError, RPCClient, TaskRegistry, Worker } from "../../mod.ts";
import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { FakeBroker } from "../support/fake_broker.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

/** How long handlers may take after stop(), in milliseconds. */
const DRAIN_TIMEOUT = 300;

/** What cancelling consumers, two drains and a goodbye may take together, and a busy machine, in milliseconds. */
const LONGEST_STOP = 1_000 + 2 * DRAIN_TIMEOUT + 2_000 + 1_000;

const reconnect = { initial: 5, max: 20 };
const loopback: Settings = { environment: "test" };
const real: Settings = { url: brokerURL, environment: "", reconnect };

/** A worker with one task, whose handler never ends and heeds no signal. */
class StateBench {
  readonly started = deferred();
  readonly worker: Worker;
  readonly route = `test.${crypto.randomUUID()}`;

  readonly #onBroker: boolean;

  constructor(settings: Settings) {
    this.#onBroker = brokerURL !== undefined && settings.url === brokerURL;
    const registry = new TaskRegistry();
    registry(this.route, () => {
      this.started.resolve();
      return new Promise(() => {});
    });
    this.worker = new Worker({ registry, settings, drainTimeout: DRAIN_TIMEOUT });
  }

  /** Starts without waiting for it, and gives what came of it in the end. */
  start(): Promise<unknown> {
    return this.worker.start().then(
      () => "started",
      (error: unknown) => error,
    );
  }

  /** Stops twice, and checks that both settle in time and that the worker says so. */
  async stop(): Promise<void> {
    const startedAt = performance.now();
    await Promise.all([this.worker.stop(), this.worker[Symbol.asyncDispose]()]);
    const took = performance.now() - startedAt;
    assert.ok(took < LONGEST_STOP, `stop() took ${took} ms`);
    assert.equal(this.worker.status.state, "closed");
    await this.worker.finished.catch(() => {});
    if (this.#onBroker) await deleteQueue(this.route);
  }
}

describe("stop() of a worker settles in time", () => {
  it("when it was never started; it cannot be started after that", async () => {
    for (const settings of [loopback, { ...real, url: "amqp://127.0.0.1:1" }]) {
      const bench = new StateBench(settings);
      await bench.stop();
      assert.ok((await bench.start()) instanceof ClosedError);
    }
  });

  it("while it connects: start() rejects", async () => {
    await using broker = await FakeBroker.open({ onHello: () => true });
    const bench = new StateBench({ url: broker.url, environment: "", reconnect });
    const started = bench.start();
    await waitFor(() => broker.links.size > 0, "the attempt");
    await bench.stop();
    assert.ok((await started) instanceof ClosedError);
  });

  for (const silentAt of [
    "connection.start-ok",
    "connection.open",
    "channel.open",
    "queue.declare",
    "basic.qos",
    "basic.consume",
  ] as const) {
    it(`while the broker does not answer ${silentAt}: start() rejects`, async () => {
      await using broker = await FakeBroker.open({ onMethod: ({ name }) => name === silentAt });
      const bench = new StateBench({ url: broker.url, environment: "", reconnect });
      const started = bench.start();
      await waitFor(() => broker.count(silentAt) > 0, silentAt);
      await bench.stop();
      assert.ok((await started) instanceof ClosedError);
    });
  }

  it("while it waits for the next attempt: start() rejects", async () => {
    const bench = new StateBench({ url: "amqp://127.0.0.1:1", environment: "" });
    const started = bench.start();
    await waitFor(() => bench.worker.status.state === "waiting", "the first attempt");
    await bench.stop();
    assert.ok((await started) instanceof ClosedError);
  });

  it("when it was refused: start() rejects with the reason", needsBroker, async () => {
    const bench = new StateBench({ ...real, password: "wrong" });
    assert.ok((await bench.start()) instanceof ConnectionRefusedError);
    await bench.stop();
  });

  for (const [what, settings] of [
    ["over the loopback", loopback],
    ["over RabbitMQ", real],
  ] as const) {
    it(`when it is idle ${what}`, settings === real ? needsBroker : {}, async () => {
      const bench = new StateBench(settings);
      assert.equal(await bench.start(), "started");
      await bench.stop();
      await bench.worker.finished;
    });

    it(
      `with a handler that never ends, ${what}`,
      settings === real ? needsBroker : {},
      async () => {
        const bench = new StateBench(settings);
        await bench.start();
        await using client = new RPCClient({ settings });
        const call = client.call(bench.route, null, { timeout: 2_000 }).catch(() => {});
        await bench.started.promise;
        await bench.stop();
        await call;
      },
    );
  }

  it("over a link that is gone without a word", needsBroker, async () => {
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const bench = new StateBench({ ...real, host: "127.0.0.1", port: proxy.port });
    await bench.start();
    proxy.freeze();
    await bench.stop();
  });

  it("while the broker blocks it", async () => {
    await using broker = await FakeBroker.open({
      // As RabbitMQ does, it reads nothing more.
      onMethod: ({ name }) => name === "basic.cancel" || name === "channel.close",
    });
    const bench = new StateBench({ url: broker.url, environment: "", reconnect });
    await bench.start();
    for (const link of broker.links) link.block("low on memory");
    await waitFor(() => bench.worker.status.state === "blocked", "the worker being told");
    await bench.stop();
  });
});
