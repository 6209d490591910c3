import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { logger } from "../../log.ts";
import type { QueueOptions } from "../../tasks/rpc_task.ts";
import type { BrokerConnection } from "./broker_connection.ts";
import { describe, replyCode } from "./broker_errors.ts";

const log = logger("amqp");

const PRECONDITION_FAILED = "406";

/**
 * Makes sure that the queue exists. One that is there with other properties, e.g. as a Python worker declared it, is used
 * as it is.
 *
 * @returns the channel to go on with: the broker closes the given one when properties differ
 */
export async function declareQueue(
  connection: BrokerConnection,
  channel: AMQPChannel,
  route: string,
  options: QueueOptions,
): Promise<AMQPChannel> {
  const flags = { durable: options.durable ?? true, autoDelete: false, exclusive: false };
  try {
    await channel.queueDeclare(route, flags, toArguments(options));
    return channel;
  } catch (error) {
    const reason = describe(error);
    if (replyCode(reason) !== PRECONDITION_FAILED) throw error;
    const other = await connection.openChannel();
    await other.queueDeclare(route, { passive: true });
    log.warn("queue {route} exists with other properties and is used as it is: {reason}", {
      route,
      reason,
    });
    return other;
  }
}

function toArguments(options: QueueOptions): Record<string, string | number | boolean> {
  const queueArguments: Record<string, string | number | boolean> = { ...options.arguments };
  if (options.type === "quorum") queueArguments["x-queue-type"] = "quorum";
  if (options.expires !== undefined) queueArguments["x-expires"] = options.expires;
  return queueArguments;
}
