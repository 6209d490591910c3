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
        const [first, second] = await Promise.all([
          timeOut(client.call(idle, 1, { timeout }), timeout),
          timeOut(client.call(busy, 1, { timeout }), timeout),
        ]);
        assert.deepEqual([first.consumers, second.consumers], [0, 1]);
        assert.ok(
          first.late < 150 && second.late < 150,
          `${first.late} and ${second.late} ms late`,
        );
        await client.close();
      });
    });
  }
});
