import { clearTimeout, setTimeout } from "node:timers";

import type { AMQPChannel } from "@cloudamqp/amqp-client";

import type { BrokerConnection } from "../connection/broker_connection.ts";
import { reasonOf, replyCode } from "../connection/broker_errors.ts";
import { nodeOf } from "./reply_to_rule.ts";
import { within } from "../connection/within.ts";

/** A consumer on this name gets replies without a queue of its own, and a publish with it as reply-to gets its long form. */
export const DIRECT_REPLY_TO = "amq.rabbitmq.reply-to";

/** How long the broker may take to answer, in milliseconds: other callers wait for it. */
const ANSWER_TIMEOUT = 2_000;

/** How the broker ends the connection of whoever publishes to a name that it cannot resolve. */
const INTERNAL_ERROR = "541";

/**
 * How long a message to ourselves may take, in milliseconds, attempt by attempt. RabbitMQ 4.0 takes connections a moment
 * before it can resolve the names of its own processes: until then a reply is lost, and its channel stands still for seven
 * seconds.
 */
const ECHO_TIMEOUTS = [500, 1_000, 2_000] as const;

/**
 * The node that a connection leads to, as direct reply-to names spell it, once the broker brings replies to it; `undefined`
 * on a broker that has no such names. Learned from a message to nobody: the broker writes the sender's name into it before
 * it gives it back.
 */
export async function learnOwnNode(connection: BrokerConnection): Promise<string | undefined> {
  for (const timeout of ECHO_TIMEOUTS) {
    try {
      return await findOwnNode(connection, timeout);
    } catch {
      if (connection.isLost) return undefined;
    }
  }
  return undefined;
}

/** @throws Error when no message came back to us in time */
async function findOwnNode(
  connection: BrokerConnection,
  timeout: number,
): Promise<string | undefined> {
  const channel = await within(timeout, connection.openChannel(), false);
  try {
    return await within(timeout, askForOwnNode(connection, channel), false);
  } finally {
    // Without waiting: a channel that stands still answers late.
    connection.answered(channel.close()).catch(() => {});
  }
}

async function askForOwnNode(
  connection: BrokerConnection,
  channel: AMQPChannel,
): Promise<string | undefined> {
  let onReturn: (ownName: string) => void = () => {};
  let onEcho: () => void = () => {};
  const returned = new Promise<string>((resolve) => (onReturn = resolve));
  const echoed = new Promise<void>((resolve) => (onEcho = resolve));
  connection.onReturn(channel, ({ replyTo = "" }) => onReturn(replyTo));
  await connection.consume(channel, DIRECT_REPLY_TO, { noAck: true }, onEcho);
  const publish = (routingKey: string, mandatory: boolean, replyTo?: string): void => {
    const properties = replyTo === undefined ? {} : { replyTo };
    connection.outbox.publish(channel.id, { routingKey, mandatory, properties }, "");
  };
  publish(`bgtasks.nobody.${crypto.randomUUID()}`, true, DIRECT_REPLY_TO);
  const ownName = await connection.answered(returned);
  const node = nodeOf(ownName);
  if (node === undefined) return undefined;
  publish(ownName, false);
  await connection.answered(echoed);
  return node;
}

/**
 * Publishes to the process of a direct reply-to name, with a key that it does not know, so that nobody gets the message.
 *
 * @param connection one that may break of it
 * @returns what came of it; `undefined` when the connection was lost for another reason
 */
export async function tryName(
  connection: BrokerConnection,
  name: string,
): Promise<"resolved" | "refused" | "silence" | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLate = false;
  const onLate = (): void => {
    isLate = true;
    connection.destroy(new Error("no answer"));
  };
  const startClock = (): void => {
    timer = setTimeout(onLate, ANSWER_TIMEOUT);
  };
  // While it blocks publishers, the broker reads no trial; the replies have to wait for the same.
  connection.onBlocked = (reason) => {
    clearTimeout(timer);
    if (reason === undefined) startClock();
  };
  startClock();
  try {
    const channel = await connection.openChannel();
    const publish = { routingKey: withOtherKey(name), mandatory: false, properties: {} };
    connection.outbox.publish(channel.id, publish, "");
    // Answered after the publish, by the same process of the broker.
    await connection.answered(channel.close());
    return "resolved";
  } catch (error) {
    if (isLate) return "silence";
    return replyCode(reasonOf(error)) === INTERNAL_ERROR ? "refused" : undefined;
  } finally {
    clearTimeout(timer);
    connection.onBlocked = undefined;
  }
}

/** The name of the same process, with a key that it does not know. */
function withOtherKey(name: string): string {
  return `${name.slice(0, name.lastIndexOf("."))}.AAAAAAAAAAAAAAAAAAAAAA==`;
}
