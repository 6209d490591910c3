import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import type { CallCounts } from "../chaos/call_load.ts";
import { CallLoad } from "../chaos/call_load.ts";
import { EventLoopLag } from "../chaos/event_loop_lag.ts";
import { Bench } from "../support/adapters.ts";
import { needsRabbitMQServerForLong, PrivateBroker } from "../support/private_broker.ts";
import { waitFor } from "../support/wait_for.ts";

describe("a broker that restarts under load", needsRabbitMQServerForLong, () => {
  let broker: PrivateBroker;

  before(async () => {
    // A node of RabbitMQ 4.0 that was told to refuse transient queues does not always boot a second time.
    broker = await PrivateBroker.start({ plain: true });
  });

  after(() => broker[Symbol.asyncDispose]());

  it("in order: every call that says retry is answered, and nothing hangs", async () => {
    const counts = await callDuring(broker, async () => {
      await broker.node.ctl("stop_app");
      await broker.node.ctl("start_app");
    });
    assert.deepEqual(codes(counts.plainErrors), ["connection_lost"]);
  });

  it("after kill -9: every call that says retry is answered, and who starts meanwhile finds it", async () => {
    await using late = new Bench(broker.settings, false);
    late.registry(late.route(), (input: unknown) => input);
    // So that its queue is there, durable.
    await (await late.worker()).stop();
    const counts = await callDuring(broker, async () => {
      await broker.node.kill();
      // Of another name, so that it does not share the connection that has just broken.
      const client = late.client({ settings: { name: "late" } });
      const call = client.call(late.route(), "early", { timeout: 60_000 });
      call.catch(() => {});
      const worker = late.worker();
      await waitFor(() => client.status.state === "waiting", "a failed attempt");
      await broker.node.start();
      assert.equal(await call, "early");
      assert.equal((await worker).status.state, "ready");
    });
    // RabbitMQ 4.0 may have lost a queue that was declared in the last second, until the worker declares it again.
    assert.deepEqual(unexpected(counts), []);
  });

  it("after kill -9 without its data: every call that says retry is answered, and nothing hangs", async () => {
    const counts = await callDuring(broker, async () => {
      await broker.node.kill();
      await broker.node.start({ wipe: true });
    });
    // A call made while the broker was away may reach it before the worker has declared its queue again.
    assert.deepEqual(unexpected(counts), []);
  });
});

/** Calls in loops while `action` takes the broker away and back, and checks what holds in every case. */
async function callDuring(
  { settings }: PrivateBroker,
  action: () => Promise<void>,
): Promise<CallCounts> {
  await using bench = new Bench(settings, false);
  using lag = new EventLoopLag();
  bench.registry(bench.route(), async (input: unknown) => {
    // Long enough that calls are out when the link drops.
    await new Promise((resolve) => setTimeout(resolve, 10));
    return input;
  });
  const worker = await bench.worker();
  using load = new CallLoad(bench.client(), bench.route(), { loops: 10, timeout: 60_000 });
  await load.progress(100);
  await action();
  await load.progress(100, 60_000);
  const counts = await load.stop();
  assert.equal(counts.hung, 0, "calls hung");
  assert.equal(counts.wrong, 0, "calls got the answer of another");
  assert.ok(counts.carried > 0, "no call was out when the link dropped");
  assert.deepEqual(codes(counts.retryErrors), [], "calls that say retry failed");
  assert.equal(counts.carriedAnswered, counts.carried);
  assert.ok(
    counts.overrun <= 100 + lag.max,
    `a call outlived its deadline by ${counts.overrun} ms`,
  );
  assert.equal(worker.status.state, "ready");
  await waitFor(() => worker.running === 0, "handlers to end");
  return counts;
}

/** What else than the link or the queue plain calls failed for. */
function unexpected({ plainErrors }: CallCounts): string[] {
  return codes(plainErrors).filter((code) => code !== "connection_lost" && code !== "no_route");
}

function codes(errors: ReadonlyMap<string, number>): string[] {
  return [...errors.keys()].sort();
}
