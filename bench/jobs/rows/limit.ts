import type { JobRow } from "./job_row.ts";
import { RawLink } from "./raw_link.ts";

/**
 * What is left of a job when everything is left out that a service needs: no deadline, no reconnect, no attempts, no
 * check of the input. Messages are as durable as ours: mandatory, persistent, confirmed, acknowledged one by one.
 */
export const limit: JobRow = {
  async openSender({ url, queue }) {
    const link = await RawLink.open(url);
    await link.channel.confirmSelect();
    link.takeOver();
    return {
      send: (input) => link.publish(queue, JSON.stringify(input)),
      close: () => link.close(),
    };
  },

  async openWorker({ url, queue }, concurrency, handle) {
    const link = await RawLink.open(url);
    await link.channel.basicQos(concurrency);
    link.consume(queue, (body, tag) => {
      handle(JSON.parse(body));
      link.ack(tag);
    });
    return { close: () => link.close() };
  },
};
