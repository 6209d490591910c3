import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { Bench } from "../support/adapters.ts";
import { brokerURL, needsBroker, withChannel } from "../support/broker.ts";
import { openDistantBench, timeOut } from "../support/distant_bench.ts";
import { waitFor } from "../support/wait_for.ts";

describe("who serves routes that time out", needsBroker, () => {
  it("is told to a thousand calls of a thousand routes, over a handful of channels", async () => {
    await using bench = await openDistantBench(10);
    // Deleted below, on one channel.
    const prefix = `test.${crypto.randomUUID()}`;
    const routes = Array.from({ length: 1_000 }, (_, n) => `${prefix}.${n}`);
    // Of these the queue is deleted while the call is out, which closes the channel that asks.
    const gone = new Set(routes.filter((_, n) => n === 1 || n % 300 === 0));
    const exclusive = routes[500] ?? "";
    await withChannel(async (channel) => {
      for (const route of routes)
        if (route !== exclusive) await channel.queueDeclare(route, { autoDelete: false });
      await channel.queueDeclare(exclusive, { exclusive: true });
      // Runs whatever comes of the rest, as all that the bench does in the end.
      bench.onDispose(() =>
        withChannel(async (last) => {
          for (const route of routes) if (route !== exclusive) await last.queueDelete(route);
        }),
      );
      const client = bench.client();
      await assert.rejects(client.call(bench.route("none"), 1), { code: "no_route" });
      const timeout = 4_000;
      const begin = performance.now();
      const calls = routes.map((route) => timeOut(client.call(route, 1, { timeout }), timeout));
      for (const route of gone) {
        await waitFor(() => hasMessage(channel, route), "the request in its queue");
        await channel.queueDelete(route);
      }
      assert.ok(performance.now() - begin < timeout - 500, "the test is too slow");
      const results = await Promise.all(calls);
      const unknown = routes.filter((_, n) => results[n]?.consumers !== 0);
      // A queue that belongs to another connection alone is one that the broker tells nobody of.
      assert.deepEqual(unknown, [exclusive]);
      assert.equal(results[500]?.consumers, undefined);
      const late = Math.max(...results.map((result) => result.late));
      assert.ok(late < 400, `${late} ms late`);
      await client.close();
    });
  });

  it("is not asked of calls that are answered in time, and over one channel that stays open", async () => {
    await using bench = new Bench({ url: brokerURL, environment: "" }, true);
    bench.registry(bench.route("echo"), (input: unknown) => input);
    bench.registry(bench.route("slow"), () => new Promise<void>(() => {}));
    await bench.worker();
    const { AMQPChannel: Channel } = await import("@cloudamqp/amqp-client");
    const asked = watch(Channel.prototype, "queueDeclare");
    const opened = watch(Channel.prototype, "open");
    try {
      const client = bench.client();
      for (let n = 0; n < 50; n++) await client.call(bench.route("echo"), n, { timeout: 1_000 });
      assert.equal(asked.calls, 0);
      const before = opened.calls;
      for (let n = 0; n < 5; n++) {
        const call = client.call(bench.route("slow"), n, { timeout: 500 });
        assert.equal((await timeOut(call, 500)).consumers, 1);
      }
      assert.equal(asked.calls, 5);
      assert.equal(opened.calls - before, 1);
    } finally {
      asked.restore();
      opened.restore();
    }
  });
});

async function hasMessage(channel: AMQPChannel, route: string): Promise<boolean> {
  return (await channel.queueDeclare(route, { passive: true })).messageCount > 0;
}

/** Counts the calls of a method, until restored. */
function watch(
  prototype: AMQPChannel,
  name: "open" | "queueDeclare",
): { readonly calls: number; restore(): void } {
  const real = prototype[name] as (...args: unknown[]) => unknown;
  const seen = { calls: 0, restore: () => void (prototype[name] = real as never) };
  prototype[name] = function own(this: AMQPChannel, ...args: unknown[]) {
    seen.calls++;
    return real.apply(this, args);
  } as never;
  return seen;
}
