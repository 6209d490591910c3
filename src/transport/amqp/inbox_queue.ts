import { ConnectionRefusedError } from "../../errors.ts";
import { logger } from "../../log.ts";
import type { Inbox } from "../transport.ts";
import type { BrokerConnection } from "./connection/broker_connection.ts";
import { toConnectionError } from "./connection/broker_errors.ts";

const log = logger("amqp");

/**
 * Opens a queue that is exclusive to a connection and named by the broker. It ends with the connection, so that a word
 * which comes back proves that its reader is gone; direct reply-to tells that on some versions always and on others never.
 *
 * @returns the queue's name; undefined when the broker does not let us have one
 */
export async function openInboxQueue(
  connection: BrokerConnection,
  inbox: Inbox,
): Promise<string | undefined> {
  try {
    const channel = await connection.openChannel();
    const flags = { exclusive: true, durable: false, autoDelete: false };
    const { name } = await connection.answered(channel.queueDeclare("", flags));
    const consumption = await connection.consume(channel, name, { noAck: true }, (message) =>
      inbox.onWord(message),
    );
    const onLost = (): void => {
      inbox.onLost();
      if (!channel.closed && !connection.isLost)
        connection.answered(channel.close()).catch(() => {});
    };
    consumption.wait().then(onLost, onLost);
    return name;
  } catch (error) {
    const reason = toConnectionError(error, connection.host);
    if (!(reason instanceof ConnectionRefusedError)) throw reason;
    log.warn(
      "streams are answered as lists, and running calls cannot be cancelled, because the broker refuses a control queue: {reason}",
      { reason: reason.message },
    );
    return undefined;
  }
}
