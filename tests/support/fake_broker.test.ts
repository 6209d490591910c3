import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ConnectionLostError, ConnectionRefusedError } from "../../mod.ts";
import type { Settings } from "../../mod.ts";
import { Bench } from "./adapters.ts";
import { FakeBroker } from "./fake_broker.ts";
import type { FakeBrokerOptions } from "./fake_broker.ts";
import { waitFor } from "./wait_for.ts";

async function open(
  options?: FakeBrokerOptions,
): Promise<{ broker: FakeBroker; bench: Bench } & AsyncDisposable> {
  const broker = await FakeBroker.open(options);
  const settings: Settings = {
    url: broker.url,
    environment: "",
    reconnect: { initial: 5, max: 20 },
  };
  const bench = new Bench(settings, false);
  return {
    broker,
    bench,
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]();
      await broker[Symbol.asyncDispose]();
    },
  };
}

describe("the fake broker", () => {
  it("carries calls, of the size of many frames too, and failures", async () => {
    await using it = await open({ frameMax: 8_192 });
    const { bench } = it;
    bench.registry(bench.route(), (input: unknown) => input);
    bench.registry(bench.route("fails"), () => {
      throw new Error("on purpose");
    });
    await bench.worker({ concurrency: 2 });
    const client = bench.client();
    const inputs = ["a", "ž".repeat(20_000), null, { deep: [1] }];
    const replies = await Promise.all(inputs.map((input) => client.call(bench.route(), input)));
    assert.deepEqual(replies, inputs);
    await assert.rejects(client.call(bench.route("fails")), { code: "internal" });
    await assert.rejects(client.call(bench.route("missing")), { code: "no_route" });
  });

  it("gives what a worker had not acknowledged to the next one", async () => {
    await using it = await open();
    const { bench } = it;
    let runs = 0;
    bench.registry(bench.route(), async (_: unknown, { redelivered }) => {
      runs++;
      if (!redelivered) await new Promise(() => {});
      return "second time";
    });
    const first = await bench.worker({ drainTimeout: 0 });
    const call = bench.client().call(bench.route());
    await waitFor(() => runs === 1, "the first handler");
    await first.stop();
    await bench.worker({ drainTimeout: 0 });
    assert.equal(await call, "second time");
  });

  it("lets a hook answer in its place", async () => {
    let refuse = true;
    await using it = await open({
      onMethod: ({ name }, link) => {
        if (name !== "connection.open" || !refuse) return false;
        link.closeConnection(530, "NOT_ALLOWED - no such vhost");
        return true;
      },
      onPublish: (_, link) => {
        link.socket.destroy();
        return true;
      },
    });
    const { bench, broker } = it;
    const client = bench.client();
    await assert.rejects(client.call(bench.route(), 1, { timeout: 2_000 }), ConnectionRefusedError);
    refuse = false;
    await assert.rejects(
      bench.client({ settings: { name: "other" } }).call(bench.route(), 1, { timeout: 2_000 }),
      ConnectionLostError,
    );
    assert.equal(broker.count("basic.publish"), 1);
  });
});
