import { Connection } from "rabbitmq-client";

import { echo, type Row } from "./row.ts";

export const rabbitmqClient: Row = create(false);

export const rabbitmqClientNoDelay: Row = create(true);

/** Its own RPC client and its consumer's `reply`. */
function create(noDelay: boolean): Row {
  return {
    async openWorker({ url, route, prefetch }) {
      const connection = new Connection({ url, noDelay });
      const consumer = connection.createConsumer(
        { queue: route, queueOptions: { durable: true }, qos: { prefetchCount: prefetch } },
        async (request, reply) => {
          await reply(await echo(request.body));
        },
      );
      await new Promise<void>((resolve) => {
        consumer.once("ready", resolve);
      });
      return {
        // Its consumer's close waits for handlers that never end.
        close: () => Promise.resolve(connection.unsafeDestroy()),
      };
    },

    openClient({ url, route }) {
      const connection = new Connection({ url, noDelay });
      const client = connection.createRPCClient({ timeout: 60_000 });
      return Promise.resolve({
        call: async (input) => ((await client.send(route, input)) as { body: unknown }).body,
        close: () => Promise.resolve(connection.unsafeDestroy()),
      });
    },
  };
}
