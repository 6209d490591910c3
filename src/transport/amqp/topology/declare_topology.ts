import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { ConnectionRefusedError } from "../../../errors.ts";
import { logger } from "../../../log.ts";
import type {
  ExchangeRecord,
  Topology,
  TopologyArguments,
  TopologyRecord,
} from "../../topology.ts";
import type { BrokerConnection } from "../connection/broker_connection.ts";
import { PRECONDITION_FAILED, reasonOf, replyCode } from "../connection/broker_errors.ts";

const log = logger("amqp");

/** The client library writes larger whole numbers into 32 bits, where they become negative; a BigInt it writes into 64. */
const MAX_INT32 = 2 ** 31 - 1;

/**
 * Makes sure that exchanges, queues and bindings exist. Those that are there with other properties are refused, because they
 * would not keep what is promised of them. An exchange of somebody else is used as it is.
 *
 * All are asked for at once, because a hundred answers one after the other take as many ways to the broker and back.
 *
 * @throws ConnectionRefusedError when something exists with other properties; another error when an expected queue
 *   is missing, or when the link is lost
 */
export async function declareTopology(
  connection: BrokerConnection,
  topology: Topology,
): Promise<void> {
  for (const record of topology)
    if (record.kind === "exchange" && record.foreign) await ensureExchange(connection, record);
  const channel = await connection.openChannel();
  try {
    const own = topology.filter((record) => record.kind !== "exchange" || !record.foreign);
    await connection.answered(Promise.all(own.map((record) => declare(channel, record))));
  } catch (error) {
    const reason = reasonOf(error);
    if (replyCode(reason) !== PRECONDITION_FAILED) throw error;
    throw new ConnectionRefusedError(
      `Cannot declare the queues, because the broker has one of these names with other properties: ${reason}. Delete it when it is empty, or choose another name`,
    );
  } finally {
    if (!channel.closed) connection.answered(channel.close()).catch(() => {});
  }
}

async function declare(channel: AMQPChannel, record: TopologyRecord): Promise<void> {
  if (record.kind === "queue") {
    const flags = { durable: true, autoDelete: false, exclusive: false };
    await channel.queueDeclare(record.name, flags, toFields(record.arguments));
  } else if (record.kind === "expected queue") {
    await channel.queueDeclare(record.name, { passive: true });
  } else if (record.kind === "exchange") {
    await declareExchange(channel, record);
  } else if (record.target.kind === "queue") {
    await channel.queueBind(record.target.name, record.source, record.key);
  } else {
    await channel.exchangeBind(record.target.name, record.source, record.key);
  }
}

async function declareExchange(
  channel: AMQPChannel,
  { name, type, durable, arguments: args }: ExchangeRecord,
): Promise<void> {
  const flags = { durable, autoDelete: false, internal: false };
  await channel.exchangeDeclare(name, type, flags, toFields(args));
}

/** On a channel of its own, because the broker closes it when the exchange has other properties. */
async function ensureExchange(connection: BrokerConnection, record: ExchangeRecord): Promise<void> {
  const channel = await connection.openChannel();
  try {
    await connection.answered(declareExchange(channel, record));
    connection.answered(channel.close()).catch(() => {});
  } catch (error) {
    const reason = reasonOf(error);
    if (replyCode(reason) !== PRECONDITION_FAILED) throw error;
    const { name } = record;
    log.warn("exchange {name} exists with other properties and is used as it is: {reason}", {
      name,
      reason,
    });
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
