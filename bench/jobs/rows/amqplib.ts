import { connect } from "amqplib";

import type { JobRow } from "./job_row.ts";

/** By hand, as its documentation does it with publisher confirms. */
export const amqplib: JobRow = {
  async openSender({ url, queue }) {
    const connection = await connect(url, { noDelay: true });
    const channel = await connection.createConfirmChannel();
    let failure: Error | undefined;
    channel.on("return", () => (failure = new Error(`No queue took a job for ${queue}`)));
    const options = { persistent: true, mandatory: true, contentType: "application/json" };
    return {
      send: (input) =>
        new Promise((resolve, reject) => {
          const content = Buffer.from(JSON.stringify(input));
          const own = { ...options, messageId: crypto.randomUUID() };
          channel.sendToQueue(queue, content, own, (error: unknown) => {
            const problem = error ?? failure;
            if (problem instanceof Error) reject(problem);
            else resolve(undefined);
          });
        }),
      close: () => connection.close(),
    };
  },

  async openWorker({ url, queue }, concurrency, handle) {
    const connection = await connect(url, { noDelay: true });
    const channel = await connection.createChannel();
    await channel.prefetch(concurrency);
    const work = async (content: Buffer): Promise<void> =>
      handle(JSON.parse(content.toString()) as unknown);
    await channel.consume(queue, (message) => {
      if (message) void work(message.content).then(() => channel.ack(message));
    });
    return { close: () => connection.close() };
  },
};
