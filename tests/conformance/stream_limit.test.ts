import assert from "node:assert/strict";
import { it } from "node:test";

import { onBothAdapters } from "../support/adapters.ts";
import { waitFor } from "../support/wait_for.ts";

const MAX_STREAMS = 10_000;

onBothAdapters("a worker with 10,000 open streams", (adapter) => {
  it("answers busy to the next one, and takes others when some have ended", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let open = 0;
    bench.registry(route, async function* (input: number, ctx) {
      open++;
      try {
        yield input;
        await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      } finally {
        open--;
      }
    });
    await bench.worker({ concurrency: 20_000 });
    const client = bench.client();
    const streams = Array.from({ length: MAX_STREAMS }, (_, n) => client.stream(route, n));
    const first = await Promise.all(streams.map((stream) => stream.next()));
    first.forEach(({ value }, n) => assert.equal(value, n));
    assert.equal(open, MAX_STREAMS);
    await assert.rejects(client.stream(route, 0).next(), { code: "busy" });
    for (const stream of streams) await stream.return();
    await waitFor(() => open === 0, "the generators' ends");
    const next = client.stream(route, 7);
    assert.equal((await next.next()).value, 7);
    await next.return();
  });
});
