import { AMQPSession } from "@cloudamqp/amqp-client";

import { echo, type Row } from "./row.ts";

/** The RPC classes that come with the client library this library builds on. */
export const sessionRPC: Row = {
  async openWorker({ url, route, prefetch }) {
    const session = await AMQPSession.connect(url);
    await session.rpcServer(
      route,
      async (message) => JSON.stringify(await echo(JSON.parse(message.bodyString() ?? "null"))),
      prefetch,
    );
    return { close: () => session.stop() };
  },

  async openClient({ url, route }) {
    const session = await AMQPSession.connect(url);
    const client = await session.rpcClient();
    return {
      call: async (input) => {
        const reply = await client.call(route, JSON.stringify(input), { timeout: 60_000 });
        return JSON.parse(reply.bodyString() ?? "null");
      },
      close: () => session.stop(),
    };
  },
};
