import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { RPCTimeoutError } from "../../mod.ts";
import type { Settings } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import {
  brokerURL,
  deleteQueue,
  inspectQueue,
  needsBroker,
  withChannel,
} from "../support/broker.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

const direct: Settings = { url: brokerURL, environment: "", reconnect: { initial: 5, max: 50 } };

describe("a call that says retry", needsBroker, () => {
  it("rejects with NoRouteError at once when its queue was never there", async () => {
    await using bench = new Bench(direct, true);
    const since = performance.now();
    const call = bench.client().call(bench.route(), 1, { retry: true, timeout: 20_000 });
    await assert.rejects(call, { name: "NoRouteError" });
    assert.ok(performance.now() - since < 10_000);
  });

  it("ends with its deadline when its queue does not come back", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    // A queue that nobody serves.
    await withChannel((channel) => channel.queueDeclare(bench.route()));
    const client = bench.client({ settings: { host: "127.0.0.1", port: proxy.port } });
    const call = client
      .call(bench.route(), 1, { retry: true, timeout: 1_000 })
      .catch((reason: unknown) => reason);
    await waitFor(async () => (await inspectQueue(bench.route())).messageCount === 1, "the call");
    await deleteQueue(bench.route());
    proxy.reset();
    const error = await call;
    assert.ok(error instanceof RPCTimeoutError, String(error));
    assert.equal(error.consumers, 0);
  });

  // As after a restart of a broker that lost its data: its clients may be back before its workers are.
  it("is answered though its queue is gone when it goes out again, once a worker has declared it", async () => {
    await using bench = new Bench(direct, true);
    await using workerProxy = await TCPProxy.open(brokerURL ?? "");
    await using clientProxy = await TCPProxy.open(brokerURL ?? "");
    const [started, gate] = [deferred(), deferred()];
    bench.registry(bench.route(), async (input: unknown) => {
      started.resolve();
      await gate.promise;
      return input;
    });
    const worker = await bench.worker({ settings: { host: "127.0.0.1", port: workerProxy.port } });
    const client = bench.client({ settings: { host: "127.0.0.1", port: clientProxy.port } });
    const call = client.call(bench.route(), 1, { retry: true, timeout: 10_000 });
    let settled = false;
    const watched = call.finally(() => (settled = true));
    watched.catch(() => {});
    await started.promise;
    gate.resolve();
    workerProxy.refuse();
    clientProxy.refuse();
    await waitFor(() => worker.status.state === "waiting", "the worker noticing");
    await deleteQueue(bench.route());
    clientProxy.accept();
    await waitFor(() => client.status.state === "ready" || settled, "the client being back");
    // The broker answers in order, so a second call learns of the missing queue after the first.
    await assert.rejects(client.call(bench.route(), 2), { name: "NoRouteError" });
    workerProxy.accept();
    assert.equal(await call, 1);
  });
});
