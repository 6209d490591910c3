import type { BrokerConnection } from "../connection/broker_connection.ts";
import type { IncomingMessage } from "../frames/incoming_message.ts";
import type { ReplyToGuard } from "./reply_to_guard.ts";
import { DIRECT_REPLY_TO } from "./reply_to_trial.ts";
import { within } from "../connection/within.ts";

/**
 * Sends a request to a queue of our own as a caller does, asks the worker's rule whether the reply may go where the caller
 * wants it, and sends that reply. Nothing stays on the broker.
 *
 * @returns undefined when the reply came back, else the name of the reply queue that the rule refuses
 * @throws Error when the broker refuses any of this, or when no reply came within `timeout` milliseconds
 */
export async function tryReplyRoundTrip(
  connection: BrokerConnection,
  guard: ReplyToGuard,
  timeout: number,
): Promise<string | undefined> {
  const [caller, worker] = [await connection.openChannel(), await connection.openChannel()];
  try {
    const flags = { exclusive: true, autoDelete: true };
    const { name } = await connection.answered(worker.queueDeclare("", flags));
    let onRequest: (request: IncomingMessage) => void = () => {};
    const requested = new Promise<IncomingMessage>((resolve) => (onRequest = resolve));
    let onReply: () => void = () => {};
    const replied = new Promise<void>((resolve) => (onReply = resolve));
    await connection.consume(caller, DIRECT_REPLY_TO, { noAck: true }, onReply);
    await connection.consume(worker, name, { noAck: true }, onRequest);
    const publish = (channel: number, routingKey: string, replyTo?: string): void => {
      const properties = { replyTo };
      connection.outbox.publish(channel, { routingKey, mandatory: false, properties }, "null");
    };
    publish(caller.id, name, DIRECT_REPLY_TO);
    const { replyTo = "" } = await within(timeout, connection.answered(requested));
    if ((await guard.allows(replyTo)) !== true) return replyTo;
    publish(worker.id, replyTo);
    await within(timeout, connection.answered(replied));
    return undefined;
  } finally {
    for (const channel of [caller, worker])
      if (!channel.closed) await connection.answered(channel.close()).catch(() => {});
  }
}
