import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { ConnectionRefusedError } from "../../../errors.ts";
import { logger } from "../../../log.ts";
import type { QueueOptions } from "../../transport.ts";
import type { BrokerConnection } from "../connection/broker_connection.ts";
import {
  NOT_FOUND,
  PRECONDITION_FAILED,
  reasonOf,
  replyCode,
} from "../connection/broker_errors.ts";

const log = logger("amqp");

/**
 * Makes sure that the queue exists. One that is there with other properties, e.g. as a Python worker declared it, is used
 * as it is.
 *
 * @returns the channel to go on with: the broker closes the given one when properties differ
 * @throws ConnectionRefusedError when there is no such queue and the broker declares none with these options
 */
export async function declareQueue(
  connection: BrokerConnection,
  channel: AMQPChannel,
  route: string,
  options: QueueOptions,
): Promise<AMQPChannel> {
  const flags = { durable: options.durable ?? true, autoDelete: false, exclusive: false };
  let reason: string;
  try {
    await connection.answered(channel.queueDeclare(route, flags, toArguments(options)));
    return channel;
  } catch (error) {
    reason = reasonOf(error);
    if (replyCode(reason) !== PRECONDITION_FAILED) throw error;
  }
  const other = await connection.openChannel();
  try {
    await connection.answered(other.queueDeclare(route, { passive: true }));
  } catch (error) {
    if (replyCode(reasonOf(error)) !== NOT_FOUND) throw error;
    throw new ConnectionRefusedError(
      `Cannot declare the queue "${route}", because the broker refuses its options: ${reason}`,
    );
  }
  log.warn("queue {route} exists with other properties and is used as it is: {reason}", {
    route,
    reason,
  });
  return other;
}

function toArguments(options: QueueOptions): Record<string, string | number | boolean> {
  const queueArguments: Record<string, string | number | boolean> = { ...options.arguments };
  if (options.type === "quorum") queueArguments["x-queue-type"] = "quorum";
  if (options.expires !== undefined) queueArguments["x-expires"] = options.expires;
  return queueArguments;
}
