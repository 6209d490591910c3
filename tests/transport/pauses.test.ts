import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { LogRecord } from "@logtape/logtape";
import { configure, reset } from "@logtape/logtape";

import { ConnectionRefusedError, Worker } from "../../mod.ts";
import { openBench } from "../foreign/open_bench.ts";
import { brokerURL, needsBroker, withChannel } from "../support/broker.ts";
import { waitFor } from "../support/wait_for.ts";

describe("what is tried again over RabbitMQ", needsBroker, () => {
  it("a queue that is exclusive to somebody else, after pauses that grow", async () => {
    await using bench = openBench();
    const warnings: LogRecord[] = [];
    await configure({
      sinks: { memory: (record) => void warnings.push(record) },
      loggers: [
        { category: ["bgtasks"], sinks: ["memory"], lowestLevel: "warning" },
        { category: ["logtape", "meta"], sinks: [] },
      ],
      reset: true,
    });
    try {
      bench.registry(bench.route(), () => "served");
      const worker = new Worker({ registry: bench.registry, settings: bench.settings });
      bench.onDispose(() => worker.stop());
      let started: Promise<void> | undefined;
      await withChannel(async (channel) => {
        await channel.queueDeclare(bench.route(), { exclusive: true });
        started = worker.start();
        await waitFor(() => warnings.length >= 4, "four attempts");
        const gaps = warnings.slice(1).map(({ timestamp }, i) => {
          return timestamp - (warnings[i]?.timestamp ?? 0);
        });
        const [first = 0, second = 0, third = 0] = gaps;
        assert.ok(second > 1.5 * first && third > 1.5 * second, `gaps of ${gaps.join(", ")} ms`);
      });
      // Its owner is gone.
      await started;
      assert.equal(await bench.client().call(bench.route()), "served");
    } finally {
      await reset();
    }
  });

  it("a refused connection by the next call, even if it is made in the catch of the last one", async () => {
    await using bench = openBench();
    const client = bench.client({ settings: { password: "wrong" } });
    for (let attempt = 0; attempt < 4; attempt++) {
      const error = await client.call(bench.route()).catch((reason: unknown) => reason);
      assert.ok(error instanceof ConnectionRefusedError, `attempt ${attempt}: ${String(error)}`);
    }
  });

  it("a broker that cannot be reached, by the next call after the attempts are used up", async () => {
    await using bench = openBench();
    const { port } = new URL(brokerURL ?? "");
    assert.notEqual(port, "1");
    const reconnect = { attempts: 2, initial: 1, max: 2 };
    const client = bench.client({ settings: { host: "127.0.0.1", port: 1, reconnect } });
    for (let attempt = 0; attempt < 3; attempt++) {
      const error = await client.call(bench.route()).catch((reason: unknown) => reason);
      assert.match(String(error), /gave up after 2 attempts/, `attempt ${attempt}`);
    }
  });

  for (const [what, queue, message] of [
    ["an argument of a wrong type", { arguments: { "x-max-priority": "high" } }, /x-max-priority/],
    ["a negative length", { arguments: { "x-max-length": -1 } }, /x-max-length/],
    ["an unknown overflow", { arguments: { "x-overflow": "spill" } }, /x-overflow/],
  ] as const) {
    it(`nothing, when a queue's options have ${what}: start() rejects with the reason`, async () => {
      await using bench = openBench();
      bench.registry(bench.route(), { queue }, () => {});
      const worker = new Worker({ registry: bench.registry, settings: bench.settings });
      bench.onDispose(() => worker.stop());
      const error = await worker.start().catch((reason: unknown) => reason);
      assert.ok(error instanceof ConnectionRefusedError, String(error));
      assert.match(error.message, message);
      assert.ok(error.message.includes(bench.route()), error.message);
    });
  }
});
