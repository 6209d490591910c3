import { EventPattern, type RmqOptions, Transport } from "@nestjs/microservices";
import type { Channel, ConsumeMessage } from "amqplib";
import { lastValueFrom } from "rxjs";

import { openMicroservice, openProxy } from "../../rows/nestjs.ts";
import type { JobRow, JobTarget } from "./job_row.ts";

/** Events of its RabbitMQ transport, confirmed and persistent, which the handler acknowledges by hand. */
export const nestjs: JobRow = {
  async openSender(target) {
    const client = await openProxy(toOptions(target));
    return {
      send: (input) => lastValueFrom(client.emit("job", input), { defaultValue: undefined }),
      close: async () => {
        await client.close();
      },
    };
  },

  openWorker: (target, concurrency, handle) =>
    openMicroservice(
      toOptions(target, { noAck: false, prefetchCount: concurrency }),
      EventPattern("job"),
      (input, context) => {
        handle(input);
        const channel = context.getChannelRef() as Channel;
        channel.ack(context.getMessage() as ConsumeMessage);
      },
    ),
};

function toOptions({ url, queue }: JobTarget, own: RmqOptions["options"] = {}): RmqOptions {
  return {
    transport: Transport.RMQ,
    options: { urls: [url], queue, noAssert: true, persistent: true, ...own },
  };
}
