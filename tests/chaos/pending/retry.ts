import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Bench } from "../../support/adapters.ts";
import { brokerURL, deleteQueue, needsBroker } from "../../support/broker.ts";
import { TCPProxy } from "../../support/tcp_proxy.ts";
import { deferred, waitFor } from "../../support/wait_for.ts";

describe("a call that says retry", needsBroker, () => {
  // As after a restart of a broker that lost its data: its clients may be back before its workers are.
  it("is answered though its queue is gone when it goes out again, once a worker has declared it", async () => {
    await using bench = new Bench(
      { url: brokerURL, environment: "", reconnect: { initial: 5, max: 50 } },
      true,
    );
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
