import { AMQPClient } from "@cloudamqp/amqp-client";

/** Deletes what a run declared: the queues of these routes, and what Moleculer makes of one. */
export async function removeQueues(url: string, routes: readonly string[]): Promise<void> {
  const client = new AMQPClient(url);
  await client.connect();
  for (const route of routes) {
    const channel = await client.channel();
    await channel.queueDelete(route);
    const prefix = `MOL-${route}`;
    await channel.queueDelete(`${prefix}.REQB.bench.echo`);
    await channel.queueDelete(`${prefix}.REQB.$node.list`);
    for (const node of ["client", "worker"]) {
      for (const packet of [
        "REQ",
        "RES",
        "EVENT",
        "INFO",
        "DISCOVER",
        "DISCONNECT",
        "HEARTBEAT",
        "PING",
        "PONG",
      ]) {
        await channel.queueDelete(`${prefix}.${packet}.${node}`);
      }
    }
    for (const packet of ["INFO", "DISCOVER", "DISCONNECT", "HEARTBEAT", "PING"]) {
      await channel.exchangeDelete(`${prefix}.${packet}`);
    }
    await channel.close();
  }
  await client.close();
}
