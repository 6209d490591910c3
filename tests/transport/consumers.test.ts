import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { needsBroker, withChannel } from "../support/broker.ts";
import { openDistantBench, timeOut } from "../support/distant_bench.ts";

describe("who serves a route that times out", needsBroker, () => {
  for (const [roundTrip, timeout] of [
    [2, 60],
    [20, 100],
    [80, 400],
    [200, 1_300],
  ] as const) {
    it(`is told at a distance of ${roundTrip} ms, with ${timeout} ms to wait`, async () => {
      await using bench = await openDistantBench(roundTrip / 2);
      const [idle, busy] = [bench.route("idle"), bench.route("busy")];
      await withChannel((channel) => channel.queueDeclare(idle));
      await withChannel(async (channel) => {
        await channel.queueDeclare(busy);
        await channel.basicConsume(busy, { noAck: false }, () => {});
        const client = bench.client();
        // Connects; the queue is not there, so the answer needs one round trip alone.
        await assert.rejects(client.call(bench.route("none"), 1), { code: "no_route" });
        const attempt = async (): Promise<readonly unknown[]> => {
          const [first, second] = await Promise.all([
            timeOut(client.call(idle, 1, { timeout }), timeout),
            timeOut(client.call(busy, 1, { timeout }), timeout),
          ]);
          return [first.consumers, second.consumers, first.late < 150 && second.late < 150];
        };
        // On a machine that has other work the broker may be late once; that nothing is told in time was so every time.
        let seen: readonly unknown[] = [];
        for (let attempts = 0; attempts < 5 && !(seen[1] === 1 && seen[2]); attempts++)
          seen = await attempt();
        assert.deepEqual(seen, [0, 1, true]);
        await client.close();
      });
    });
  }
});
