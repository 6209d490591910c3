import type { AMQPChannel } from "@cloudamqp/amqp-client";
import { AMQPClient } from "@cloudamqp/amqp-client";

/** Works on a channel of a connection of its own, as another program does. */
export async function withClient<T>(
  url: string,
  work: (channel: AMQPChannel) => Promise<T>,
): Promise<T> {
  const client = new AMQPClient(url);
  client.onerror = () => {};
  await client.connect();
  client.socket?.setNoDelay(true);
  try {
    return await work(await client.channel());
  } finally {
    if (!client.closed) await client.close();
  }
}
