import { type ChannelModel, connect } from "amqplib";

import { echo, type Row } from "./row.ts";

const REPLY_TO = "amq.rabbitmq.reply-to";

/** As its tutorial for RPC does it, with direct reply-to. */
export const amqplib: Row = byHand((url) => connect(url));

/** The same with the one option that a call at a time needs. */
export const amqplibNoDelay: Row = byHand((url) => connect(url, { noDelay: true }));

function byHand(open: (url: string) => Promise<ChannelModel>): Row {
  return {
    async openWorker({ url, route, prefetch }) {
      const connection = await open(url);
      const channel = await connection.createChannel();
      await channel.assertQueue(route);
      await channel.prefetch(prefetch);
      const reply = async (content: Buffer, replyTo: string, correlationId: string) => {
        const result = await echo(JSON.parse(content.toString()));
        channel.sendToQueue(replyTo, Buffer.from(JSON.stringify(result)), { correlationId });
      };
      await channel.consume(route, (message) => {
        if (!message) return;
        const { replyTo = "", correlationId = "" } = message.properties as {
          replyTo?: string;
          correlationId?: string;
        };
        void reply(message.content, replyTo, correlationId).then(() => channel.ack(message));
      });
      return connection;
    },

    async openClient({ url, route }) {
      const connection = await open(url);
      const channel = await connection.createChannel();
      const pending = new Map<string, (reply: unknown) => void>();
      let lastId = 0;
      await channel.consume(
        REPLY_TO,
        (message) => {
          if (!message) return;
          const id = String(message.properties.correlationId);
          pending.get(id)?.(JSON.parse(message.content.toString()));
          pending.delete(id);
        },
        { noAck: true },
      );
      return {
        call: (input) =>
          new Promise((resolve) => {
            const correlationId = String(++lastId);
            pending.set(correlationId, resolve);
            const content = Buffer.from(JSON.stringify(input));
            channel.sendToQueue(route, content, { correlationId, replyTo: REPLY_TO });
          }),
        close: () => connection.close(),
      };
    },
  };
}
