import { RPCClient, TaskRegistry, Worker } from "../../mod.ts";
import { echo, type Row } from "./row.ts";

/** This library, with its defaults. */
export const bgtasks: Row = {
  async openWorker({ url, route, prefetch }) {
    const registry = new TaskRegistry();
    registry(route, echo);
    // Calls that nobody answers are left behind by the memory's measurement.
    const worker = new Worker({
      registry,
      concurrency: prefetch,
      drainTimeout: 0,
      settings: { url },
    });
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
