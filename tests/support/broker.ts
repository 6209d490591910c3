import { AMQPClient } from "@cloudamqp/amqp-client";
import type { AMQPChannel } from "@cloudamqp/amqp-client";

/** The broker that the test runner found or started; undefined when there is none. */
export const brokerURL: string | undefined = process.env["BGTASKS_TEST_AMQP_URL"];

/** Whether it refuses queues that are neither durable nor exclusive, as RabbitMQ 4 may be told to. */
export const refusesTransientQueues: boolean = /transient_nonexcl_queues\s*=\s*false/.test(
  process.env["BGTASKS_BROKER_CONFIGURATION"] ?? "",
);

/** For `describe` and `it`: skips what cannot run without a broker. */
export const needsBroker = { skip: brokerURL ? false : "needs a broker" } as const;

/** Works on a channel of a connection of its own, to see the broker as another program does. */
export async function withChannel<T>(
  work: (channel: AMQPChannel) => Promise<T>,
  url: string = brokerURL ?? "",
): Promise<T> {
  const client = new AMQPClient(url);
  client.onerror = () => {};
  await client.connect();
  client.socket?.setNoDelay(true);
  try {
    return await work(await client.channel());
  } finally {
    await client.close();
  }
}

export function deleteQueue(name: string): Promise<unknown> {
  return withChannel((channel) => channel.queueDelete(name));
}

/** How many messages wait in a queue and how many consumers it has; fails when it does not exist. */
export function inspectQueue(
  name: string,
  url?: string,
): Promise<{ messageCount: number; consumerCount: number }> {
  return withChannel((channel) => channel.queueDeclare(name, { passive: true }), url);
}
