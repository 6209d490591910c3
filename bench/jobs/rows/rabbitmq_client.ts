import { Connection } from "rabbitmq-client";

import type { JobRow } from "./job_row.ts";

/** Its publisher with confirms, and its consumer, which acknowledges when the handler has returned. */
export const rabbitmqClient: JobRow = {
  openSender({ url, queue }) {
    const connection = new Connection({ url, noDelay: true });
    const publisher = connection.createPublisher({ confirm: true });
    let failure: Error | undefined;
    publisher.on("basic.return", () => (failure = new Error(`No queue took a job for ${queue}`)));
    return Promise.resolve({
      async send(input) {
        const messageId = crypto.randomUUID();
        await publisher.send(
          { routingKey: queue, durable: true, mandatory: true, messageId },
          input,
        );
        if (failure) throw failure;
      },
      async close() {
        await publisher.close();
        await connection.close();
      },
    });
  },

  async openWorker({ url, queue }, concurrency, handle) {
    const connection = new Connection({ url, noDelay: true });
    const consumer = connection.createConsumer(
      {
        queue,
        queueOptions: { passive: true },
        qos: { prefetchCount: concurrency },
        concurrency,
      },
      async ({ body }) => handle(body),
    );
    await new Promise<void>((resolve) => {
      consumer.once("ready", resolve);
    });
    return {
      async close() {
        await consumer.close();
        await connection.close();
      },
    };
  },
};
