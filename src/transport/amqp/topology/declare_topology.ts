import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { ConnectionRefusedError } from "../../../errors.ts";
import type { TopologyArguments, TopologyRecord } from "../../topology.ts";
import type { BrokerConnection } from "../connection/broker_connection.ts";
import { PRECONDITION_FAILED, reasonOf, replyCode } from "../connection/broker_errors.ts";
import { ensureExchange } from "./declare_source.ts";

/** The client library writes larger whole numbers into 32 bits, where they become negative; a BigInt it writes into 64. */
const MAX_INT32 = 2 ** 31 - 1;

/**
 * Makes sure that exchanges, queues and bindings exist. Those that are there with other properties are refused: jobs could be
 * lost in them. An exchange of somebody else is used as it is.
 *
 * All are asked for at once, because a hundred answers one after the other take as many ways to the broker and back.
 *
 * @throws ConnectionRefusedError when something exists with other properties; another error when the link is lost
 */
export async function declareTopology(
  connection: BrokerConnection,
  records: readonly TopologyRecord[],
): Promise<void> {
  for (const record of records)
    if (record.kind === "exchange" && record.foreign) await ensureExchange(connection, record);
  const channel = await connection.openChannel();
  try {
    const own = records.filter((record) => record.kind !== "exchange" || !record.foreign);
    await connection.answered(Promise.all(own.map((record) => declare(channel, record))));
  } catch (error) {
    const reason = reasonOf(error);
    if (replyCode(reason) !== PRECONDITION_FAILED) throw error;
    throw new ConnectionRefusedError(
      `Cannot declare the queues of jobs, because the broker has one of these names with other properties: ${reason}. Delete it when it is empty, or choose another route`,
    );
  } finally {
    if (!channel.closed) connection.answered(channel.close()).catch(() => {});
  }
}

async function declare(channel: AMQPChannel, record: TopologyRecord): Promise<void> {
  if (record.kind === "queue") {
    const flags = { durable: true, autoDelete: false, exclusive: false };
    await channel.queueDeclare(record.name, flags, toFields(record.arguments));
  } else if (record.kind === "exchange") {
    const flags = { durable: record.durable, autoDelete: false, internal: false };
    await channel.exchangeDeclare(record.name, record.type, flags, toFields(record.arguments));
  } else if (record.target.kind === "queue") {
    await channel.queueBind(record.target.name, record.source, record.key);
  } else {
    await channel.exchangeBind(record.target.name, record.source, record.key);
  }
}

function toFields(args: TopologyArguments): Record<string, string | number | bigint> {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      typeof value === "number" && value > MAX_INT32 ? BigInt(value) : value,
    ]),
  );
}
