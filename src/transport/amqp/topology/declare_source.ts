import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { logger } from "../../../log.ts";
import type { Exchange, Source } from "../../transport.ts";
import type { BrokerConnection } from "../connection/broker_connection.ts";
import { PRECONDITION_FAILED, reasonOf, replyCode } from "../connection/broker_errors.ts";
import { declareQueue } from "./declare_queue.ts";

const log = logger("amqp");

/**
 * Makes sure that a source exists: its queue, the exchanges it is bound to, and the bindings.
 *
 * @returns the channel to go on with: the broker closes the given one when properties differ
 * @throws ConnectionRefusedError when the broker does not declare it
 */
export async function declareSource(
  connection: BrokerConnection,
  channel: AMQPChannel,
  { queue, declare, bindings }: Source,
): Promise<AMQPChannel> {
  let open = await declareQueue(connection, channel, queue, declare);
  for (const { exchange, key } of bindings) {
    open = await declareExchange(connection, open, exchange);
    await connection.answered(open.queueBind(queue, exchange.name, key));
  }
  return open;
}

/** Makes sure that an exchange exists, on a channel of its own. See {@link declareExchange}. */
export async function ensureExchange(
  connection: BrokerConnection,
  exchange: Exchange,
): Promise<void> {
  const channel = await connection.openChannel();
  const open = await declareExchange(connection, channel, exchange);
  connection.answered(open.close()).catch(() => {});
}

/**
 * Makes sure that an exchange exists. One that is there with other properties, e.g. as a Python service declared it, is
 * used as it is.
 *
 * @returns the channel to go on with: the broker closes the given one when properties differ
 */
async function declareExchange(
  connection: BrokerConnection,
  channel: AMQPChannel,
  { name, type, durable }: Exchange,
): Promise<AMQPChannel> {
  const flags = { durable, autoDelete: false, internal: false };
  try {
    await connection.answered(channel.exchangeDeclare(name, type, flags));
    return channel;
  } catch (error) {
    const reason = reasonOf(error);
    if (replyCode(reason) !== PRECONDITION_FAILED) throw error;
    log.warn("exchange {name} exists with other properties and is used as it is: {reason}", {
      name,
      reason,
    });
    return connection.openChannel();
  }
}
