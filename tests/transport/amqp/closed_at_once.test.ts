import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Settings } from "../../../mod.ts";
import { Bench } from "../../support/adapters.ts";
import { FakeBroker } from "../../support/fake_broker.ts";
import type { FakeLink } from "../../support/fake_broker.ts";
import { waitFor } from "../../support/wait_for.ts";

/** A broker that takes back its consent to the first consumer in the very piece in which it gives it. */
function openBroker(take: (link: FakeLink, channel: number) => void): Promise<FakeBroker> {
  let first = true;
  return FakeBroker.open({
    onMethod({ name, channel }, link) {
      if (name !== "basic.consume" || !first) return;
      first = false;
      link.socket.cork();
      // After the answer, which follows this hook.
      queueMicrotask(() => {
        take(link, channel);
        link.socket.uncork();
      });
    },
  });
}

const settings = ({ url }: FakeBroker): Settings => ({
  ...{ url, environment: "", reconnect: { initial: 5, max: 20 } },
});

describe("a consumer that ends in the moment in which it begins", () => {
  for (const [how, take] of [
    [
      "with its channel",
      (link: FakeLink, channel: number) => link.closeChannel(channel, 404, "NOT_FOUND"),
    ],
    [
      "alone",
      (link: FakeLink) => {
        for (const tag of link.consumers.keys()) link.cancel(tag);
      },
    ],
  ] as const) {
    it(`${how}, is set up again by a worker`, async () => {
      await using broker = await openBroker(take);
      await using bench = new Bench(settings(broker), false);
      bench.registry(bench.route(), () => "served");
      await bench.worker();
      await waitFor(() => broker.count("basic.consume") === 2, "a second consumer", 3_000);
      assert.equal(await bench.client().call(bench.route(), null, { timeout: 3_000 }), "served");
    });

    it(`${how}, is set up again by a client`, async () => {
      await using broker = await openBroker(take);
      await using bench = new Bench(settings(broker), false);
      const client = bench.client();
      const rejected = assert.rejects(client.call(bench.route(), null, { timeout: 5_000 }));
      await waitFor(() => broker.count("basic.consume") === 2, "a second consumer", 3_000);
      await rejected;
      await assert.rejects(client.call(bench.route()), { code: "no_route" });
    });
  }
});
