import type { BrokerConnection } from "../connection/broker_connection.ts";
import { NOT_FOUND, reasonOf, replyCode } from "../connection/broker_errors.ts";
import { within } from "../connection/within.ts";

/** How long the broker may take to tell how a queue stands, in milliseconds. */
const ANSWER_TIMEOUT = 5_000;

/** How a queue stands, as any connection may ask. */
export type QueueState =
  | { readonly kind: "there"; readonly messages: number; readonly consumers: number }
  | { readonly kind: "missing" }
  /** Exclusive to another connection. */
  | { readonly kind: "exclusive elsewhere" };

/**
 * Asks for a queue by a passive declare, on a channel of its own: the broker closes the channel of whoever asks for a queue
 * that is missing or exclusive to another connection.
 *
 * @throws Error with the broker's reason, or when it does not answer
 */
export async function askQueue(connection: BrokerConnection, name: string): Promise<QueueState> {
  const channel = await connection.openChannel();
  try {
    const declared = connection.answered(channel.queueDeclare(name, { passive: true }));
    const { messageCount, consumerCount } = await within(ANSWER_TIMEOUT, declared, false);
    return { kind: "there", messages: messageCount, consumers: consumerCount };
  } catch (error) {
    const code = replyCode(reasonOf(error));
    if (code === NOT_FOUND) return { kind: "missing" };
    if (code === "405") return { kind: "exclusive elsewhere" };
    throw error;
  } finally {
    if (!channel.closed) connection.answered(channel.close()).catch(() => {});
  }
}
