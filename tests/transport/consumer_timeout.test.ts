import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Bench } from "../support/adapters.ts";
import { inspectQueue } from "../support/broker.ts";
import { needsRabbitMQServerForLong, PrivateBroker } from "../support/private_broker.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

/** Longer than any broker here takes to notice that a consumer is late, in milliseconds. */
const PATIENCE = 60_000;

// https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout
describe(
  "a request that is not acknowledged within the consumer timeout",
  needsRabbitMQServerForLong,
  () => {
    let broker: PrivateBroker;
    /** From 4.3 on the queue decides, and a classic one lets its consumers take as long as they like. */
    let isUpToTheQueue: boolean;

    before(async () => {
      broker = await PrivateBroker.start({
        configuration: ["consumer_timeout = 1000"],
      });
      await broker.eval("application:set_env(rabbit, channel_tick_interval, 200), ok.");
      isUpToTheQueue = await broker.isAtLeast(4, 3);
    });

    after(() => broker[Symbol.asyncDispose]());

    it("in a quorum queue is delivered again, beside one consumer, and other routes go on", async () => {
      await using bench = new Bench(broker.settings, false);
      const [slow, other] = [bench.route("slow"), bench.route("other")];
      const gate = deferred();
      const redelivered: boolean[] = [];
      bench.registry(slow, { queue: { type: "quorum" } }, async (input: unknown, ctx) => {
        redelivered.push(ctx.redelivered);
        if (redelivered.length <= 3) await gate.promise;
        return input;
      });
      bench.registry(other, (input: unknown) => input);
      const worker = await bench.worker();
      const states: string[] = [];
      worker.onStatus(({ state }) => states.push(state));
      const client = bench.client();
      const call = client.call(slow, "slow", { timeout: PATIENCE });
      let others = 0;
      while (redelivered.length < 4) assert.equal(await client.call(other, ++others), others);
      assert.equal(await call, "slow");
      assert.deepEqual(redelivered, [false, true, true, true]);
      // The broker may have kept a consumer that it cancelled.
      const consumers = async (): Promise<number> =>
        (await inspectQueue(slow, broker.node.url)).consumerCount;
      await waitFor(async () => (await consumers()) === 1, "a single consumer");
      // Replies after the timeout go nowhere and break nothing.
      gate.resolve();
      await waitFor(() => worker.running === 0, "the slow handlers");
      assert.equal(await client.call(slow, "again"), "again");
      assert.equal(await consumers(), 1);
      assert.deepEqual(states, []);
    });

    it("in a classic queue is delivered again before RabbitMQ 4.3, and waited for from then on", async () => {
      await using bench = new Bench(broker.settings, false);
      const [slow, other] = [bench.route("slow"), bench.route("other")];
      const gate = deferred();
      const redelivered: boolean[] = [];
      bench.registry(slow, async (input: unknown, ctx) => {
        redelivered.push(ctx.redelivered);
        if (redelivered.length === 1) await gate.promise;
        return input;
      });
      bench.registry(other, (input: unknown) => input);
      const worker = await bench.worker();
      const states: string[] = [];
      worker.onStatus(({ state }) => states.push(state));
      const client = bench.client();
      const call = client.call(slow, "slow", { timeout: PATIENCE });
      const startedAt = performance.now();
      // Where nothing is to come, three times the consumer timeout shows that it does not.
      const isOver = (): boolean =>
        isUpToTheQueue ? performance.now() - startedAt > 3_000 : redelivered.length === 2;
      let others = 0;
      while (!isOver()) assert.equal(await client.call(other, ++others), others);
      if (!isUpToTheQueue) assert.equal(await call, "slow");
      gate.resolve();
      assert.equal(await call, "slow");
      await waitFor(() => worker.running === 0, "the slow handler");
      assert.deepEqual(redelivered, isUpToTheQueue ? [false] : [false, true]);
      assert.equal(await client.call(slow, "again"), "again");
      assert.deepEqual(states, []);
    });
  },
);
