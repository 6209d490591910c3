import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Settings } from "../../mod.ts";
import { CapturedLog } from "../foreign/captured_log.ts";
import { Bench } from "../support/adapters.ts";
import { brokerURL, deleteQueue, inspectQueue, needsBroker } from "../support/broker.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

const direct: Settings = { url: brokerURL, environment: "", reconnect: { initial: 1, max: 5 } };

/** Settings that lead through a proxy. */
function through({ port }: TCPProxy): Settings {
  return { ...direct, host: "127.0.0.1", port };
}

/** Breaks a worker's link, and waits until it is back. */
async function loseLink(
  proxy: TCPProxy,
  worker: Awaited<ReturnType<Bench["worker"]>>,
): Promise<void> {
  const lost = deferred();
  using _ = worker.onStatus(({ state }) => {
    if (state === "waiting") lost.resolve();
  });
  proxy.reset();
  await lost.promise;
  await waitFor(() => worker.status.state === "ready", "the worker's return");
}

/** Whether somebody consumes from a queue, which may not be there. */
async function hasConsumer(queue: string): Promise<boolean> {
  try {
    return (await inspectQueue(queue)).consumerCount > 0;
  } catch {
    return false;
  }
}

describe("losses over RabbitMQ", needsBroker, () => {
  it("of a queue and then of the link leave nothing unhandled and the route at its full width", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    await using log = await CapturedLog.start();
    const [busy, route] = [bench.route("busy"), bench.route()];
    let held = 0;
    const gate = deferred();
    bench.registry(busy, async () => {
      held++;
      await gate.promise;
    });
    let [now, max] = [0, 0];
    const all = deferred();
    bench.registry(route, async (input: unknown) => {
      max = Math.max(max, ++now);
      if (max === 20) all.resolve();
      await all.promise;
      now--;
      return input;
    });
    const worker = await bench.worker({ concurrency: 20, settings: through(proxy) });
    const client = bench.client();
    const inputs = Array.from({ length: 20 }, (_, input) => input);
    const timeout = 10_000;
    await deleteQueue(route);
    await waitFor(() => log.messages("stopped consuming").length > 0, "the worker noticing");
    // Within the pause before the worker declares the queue again.
    const noticedAt = performance.now();
    await loseLink(proxy, worker);
    await waitFor(() => hasConsumer(route), "the worker's consumer");
    const busyCalls = inputs.map(() => client.call(busy, null, { timeout }));
    await waitFor(() => held === 20, "every place being taken");
    const calls = inputs.map((input) => client.call(route, input, { timeout }));
    // That pause is over, and what was consumed before it acts on nothing of now.
    await waitFor(() => performance.now() - noticedAt > 500, "the pause");
    gate.resolve();
    await Promise.all(busyCalls);
    assert.deepEqual(await Promise.all(calls), inputs);
    assert.equal(max, 20);
  });

  for (const [what, lose] of [
    ["the link", loseLink],
    [
      "the queue",
      async (_proxy: TCPProxy, _worker: unknown, route: string) => void (await deleteQueue(route)),
    ],
  ] as const) {
    it(`of ${what} leave a route's concurrency as it is`, async () => {
      await using bench = new Bench(direct, true);
      await using proxy = await TCPProxy.open(brokerURL ?? "");
      let [now, max] = [0, 0];
      const gate = deferred();
      const [route, other] = [bench.route(), bench.route("other")];
      bench.registry(other, () => "other");
      bench.registry(route, { concurrency: 1 }, async (input: unknown) => {
        max = Math.max(max, ++now);
        await gate.promise;
        now--;
        return input;
      });
      const worker = await bench.worker({ settings: through(proxy) });
      const client = bench.client();
      for (let round = 1; round <= 3; round++) {
        void client.call(route, round, { timeout: 3_000 }).catch(() => {});
        await waitFor(() => now === 1, "the handler");
        await lose(proxy, worker, route);
        await waitFor(() => hasConsumer(route), "the worker's consumer");
      }
      const last = client.call(route, "last", { timeout: 20_000 });
      // Sent after it, and answered by the same worker.
      assert.equal(await client.call(other), "other");
      assert.equal(max, 1);
      gate.resolve();
      assert.equal(await last, "last");
      assert.equal(max, 1);
    });
  }

  it("of the link leave requests that only waited here to their next delivery", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const gate = deferred();
    const started = deferred();
    const runs: unknown[] = [];
    const [slow, other] = [bench.route("slow"), bench.route("other")];
    bench.registry(slow, async () => {
      started.resolve();
      await gate.promise;
      return "slow";
    });
    bench.registry(other, (input: unknown, { redelivered }) => {
      runs.push(redelivered);
      return input;
    });
    const worker = await bench.worker({ concurrency: 1, settings: through(proxy) });
    const client = bench.client();
    const long = client.call(slow, null, { timeout: 20_000 });
    await started.promise;
    const call = client.call(other, "waits", { timeout: 20_000 });
    await loseLink(proxy, worker);
    gate.resolve();
    assert.equal(await call, "waits");
    await long;
    assert.equal(runs.length, 1);
  });
});
