import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";

import type { Settings } from "../../mod.ts";
import { ClosedError, RPCClient, TaskRegistry, Worker } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import { brokerURL, needsBroker } from "../support/broker.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import { deferred } from "../support/wait_for.ts";

const direct: Settings = { url: brokerURL, environment: "", reconnect: { initial: 5, max: 50 } };

/** A host that takes connections and says nothing. */
class SilentHost implements AsyncDisposable {
  readonly connected = deferred();
  readonly #sockets = new Set<net.Socket>();
  readonly #server = net.createServer((socket) => {
    this.#sockets.add(socket.on("error", () => {}));
    this.connected.resolve();
  });

  static async open(): Promise<SilentHost> {
    const host = new SilentHost();
    await new Promise<void>((resolve) => host.#server.listen(0, "127.0.0.1", resolve));
    return host;
  }

  get url(): string {
    return `amqp://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** How long something takes, in milliseconds. */
async function time(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work;
  return performance.now() - startedAt;
}

describe("closing", () => {
  it("a client does not wait for an attempt to connect that hangs", async () => {
    await using host = await SilentHost.open();
    const client = new RPCClient({ settings: { url: host.url, environment: "" } });
    const call = client.call("nobody").catch((error: unknown) => error);
    await host.connected.promise;
    assert.ok((await time(client.close())) < 2_000);
    assert.ok((await call) instanceof ClosedError);
  });

  it("a worker does not wait for an attempt to connect that hangs", async () => {
    await using host = await SilentHost.open();
    const registry = new TaskRegistry();
    registry("nobody", () => {});
    const worker = new Worker({ registry, settings: { url: host.url, environment: "" } });
    const started = worker.start().catch((error: unknown) => error);
    await host.connected.promise;
    assert.ok((await time(worker.stop())) < 2_000);
    assert.ok((await started) instanceof ClosedError);
    await worker.finished;
  });

  it(
    "a worker lets a large reply out over a slow link, as long as the drain may take",
    needsBroker,
    async () => {
      await using bench = new Bench(direct, true);
      await using proxy = await TCPProxy.open(brokerURL ?? "");
      const reply = "x".repeat(4_000_000);
      const started = deferred();
      let runs = 0;
      bench.registry(bench.route(), () => {
        runs++;
        started.resolve();
        return reply;
      });
      proxy.bytesPerSecond = 1_000_000;
      const settings = { host: "127.0.0.1", port: proxy.port };
      const worker = await bench.worker({ settings, drainTimeout: 30_000 });
      const call = bench.client().call(bench.route());
      await started.promise;
      await worker.stop();
      assert.equal(await call, reply);
      assert.equal(runs, 1);
    },
  );
});

describe("a host of a list that says nothing", needsBroker, () => {
  it("holds up no call for long", async () => {
    await using host = await SilentHost.open();
    await using bench = new Bench(direct, true);
    bench.registry(bench.route(), (input: number) => input);
    await bench.worker();
    // The order is random.
    const clients = Array.from({ length: 6 }, (_, n) =>
      bench.client({ settings: { url: [host.url, brokerURL ?? ""], name: `client ${n}` } }),
    );
    const calls = clients.map((client, n) => client.call(bench.route(), n, { timeout: 5_000 }));
    assert.deepEqual(await Promise.all(calls), [0, 1, 2, 3, 4, 5]);
  });
});
