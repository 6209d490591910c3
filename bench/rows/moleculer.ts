import * as Moleculer from "moleculer";

import { echo, type Row, type Target } from "./row.ts";

/** Two nodes over its AMQP transporter, as its documentation sets it up; a prefetch of 1 is its default. */
export const moleculer: Row = {
  async openWorker(target) {
    const broker = createBroker(target, "worker");
    broker.createService({
      name: "bench",
      actions: {
        async echo({ params }: { params: { value: unknown } }) {
          return { value: await echo(params.value) };
        },
      },
    });
    await broker.start();
    return { close: () => broker.stop() };
  },

  async openClient(target) {
    const broker = createBroker(target, "client");
    await broker.start();
    await broker.waitForServices("bench");
    return {
      call: async (value) =>
        (await broker.call<{ value: unknown }, { value: unknown }>("bench.echo", { value })).value,
      close: () => broker.stop(),
    };
  },
};

function createBroker({ url, route, prefetch }: Target, side: string) {
  return new Moleculer.ServiceBroker({
    namespace: route,
    nodeID: side,
    logger: false,
    requestTimeout: 60_000,
    transporter: {
      type: "AMQP",
      options: { url, prefetch },
    },
  });
}
