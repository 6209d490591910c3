import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";

import type { JobRow } from "./job_row.ts";

/** On Redis, with attempts and pauses as this library has them; finished jobs are removed, as a broker does. */
export const bullmq: JobRow = {
  openSender({ url, route }) {
    const connection = new Redis(url, { maxRetriesPerRequest: null });
    const queue = new Queue(route, {
      connection,
      defaultJobOptions: {
        attempts: 10,
        backoff: { type: "exponential", delay: 1_000 },
        removeOnComplete: true,
      },
    });
    return Promise.resolve({
      send: (input) => queue.add("job", input),
      async close() {
        await queue.close();
        connection.disconnect();
      },
    });
  },

  async openWorker({ url, route }, concurrency, handle) {
    const connection = new Redis(url, { maxRetriesPerRequest: null });
    const worker = new Worker<unknown>(route, async ({ data }) => handle(data), {
      connection,
      concurrency,
    });
    await worker.waitUntilReady();
    return {
      async close() {
        await worker.close();
        connection.disconnect();
      },
    };
  },
};
