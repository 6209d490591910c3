import { RPCClient, TaskRegistry, Worker } from "../../mod.ts";
import type { Row } from "./row.ts";

/** A worker whose handler computes for some milliseconds. */
export const compute: Row = {
  async openWorker({ url, route, prefetch }) {
    const registry = new TaskRegistry();
    registry(route, (input: unknown) => {
      let sum = 0;
      for (let i = 0; i < 4_000_000; i++) sum = (sum * 31 + i) | 0;
      // Never so, but the loop must not be optimised away.
      return sum === 1 ? undefined : input;
    });
    const worker = new Worker({ registry, concurrency: prefetch, settings: { url } });
    await worker.start();
    return { close: () => worker.stop() };
  },

  openClient({ url, route }) {
    const client = new RPCClient({ settings: { url } });
    return Promise.resolve({
      call: (input) => client.call(route, input),
      close: () => client.close(),
    });
  },
};
