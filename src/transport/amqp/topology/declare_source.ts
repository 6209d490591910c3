import type { AMQPChannel } from "@cloudamqp/amqp-client";

import type { Source } from "../../transport.ts";
import type { BrokerConnection } from "../connection/broker_connection.ts";
import { declareQueue } from "./declare_queue.ts";
import { declareTopology } from "./declare_topology.ts";

/**
 * Makes sure that a source exists.
 *
 * @returns the channel to go on with: the broker closes the given one when a queue has other properties
 * @throws ConnectionRefusedError when the broker does not declare it
 */
export async function declareSource(
  connection: BrokerConnection,
  channel: AMQPChannel,
  { queue, declare = {}, topology }: Source,
): Promise<AMQPChannel> {
  if (!topology) return declareQueue(connection, channel, queue, declare);
  await declareTopology(connection, topology);
  return channel;
}
