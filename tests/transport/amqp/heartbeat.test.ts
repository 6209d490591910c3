import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Worker, TaskRegistry } from "../../../mod.ts";
import { FakeBroker } from "../../support/fake_broker.ts";

/** A worker on a broker that speaks when the test says so, with a heartbeat of a second. */
async function startWorker(broker: FakeBroker): Promise<{ worker: Worker; states: string[] }> {
  const registry = new TaskRegistry();
  registry("nothing", () => {});
  const worker = new Worker({
    registry,
    settings: {
      url: broker.url,
      environment: "",
      heartbeatSeconds: 1,
      reconnect: { initial: 5, max: 50 },
    },
  });
  await worker.start();
  const states: string[] = [];
  worker.onStatus(({ state }) => states.push(state));
  return { worker, states };
}

describe("the watch for a silent broker", () => {
  it("reads what came while the process was busy before it ends the link", async () => {
    await using broker = await FakeBroker.open({ heartbeat: 1 });
    const { worker, states } = await startWorker(broker);
    const [link] = broker.links;
    assert.ok(link);
    for (let round = 0; round < 2; round++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      link.heartbeat();
      // A handler that computes for longer than two heartbeats; the broker's last one waits in the socket.
      const until = performance.now() + 2_300;
      while (performance.now() < until);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(states, []);
    await worker.stop();
  });
});
