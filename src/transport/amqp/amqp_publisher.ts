import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { Deadlines } from "../../time/deadlines.ts";
import { BgtasksError } from "../../errors.ts";
import type { ResolvedSettings } from "../../settings/settings.ts";
import { isLongerThan } from "../../messages/byte_length.ts";
import { findTooLong } from "../limits.ts";
import type {
  Exchange,
  Goodbye,
  LinkEvents,
  LinkStatus,
  OutgoingMessage,
  Published,
  PublisherLink,
  Target,
} from "../transport.ts";
import type { BrokerConnection } from "./connection/broker_connection.ts";
import { readSizeLimit, toConnectionError } from "./connection/broker_errors.ts";
import { ensureExchange } from "./topology/declare_source.ts";
import type { ReturnedFrom } from "./frames/frame_reader.ts";
import type { Publish } from "./frames/frame_writer.ts";
import type { IncomingMessage } from "./frames/incoming_message.ts";
import type { Session, KeptWork } from "./connection/connection_keeper.ts";
import { ConnectionKeeper } from "./connection/connection_keeper.ts";
import { Unconfirmed } from "./unconfirmed.ts";

/** Survives a restart of the broker, where its queue does. */
const PERSISTENT = 2;

/** Where messages go out; replaced whenever the channel or the connection is lost. */
interface Exit {
  readonly connection: BrokerConnection;
  readonly channel: AMQPChannel;
  /** The exchanges that were asked for, and whether they are there. To publish to one that is not would close the channel. */
  readonly exchanges: Map<string, boolean>;
  /** What is out, by the number that the broker confirms it with. */
  readonly sent: Map<number, Unconfirmed>;
  lastNumber: number;
}

/** Publishes to RabbitMQ with confirms: one connection, one channel. */
export class AMQPPublisher implements PublisherLink, KeptWork {
  readonly #events: LinkEvents;
  readonly #appId: string;
  readonly #keeper: ConnectionKeeper;
  readonly #deadlines = new Deadlines();
  /** What is not out, in the order in which it was given. */
  readonly #waiting = new Set<Unconfirmed>();
  #exit: Exit | undefined;
  #isReady = false;
  #closed = false;

  constructor(settings: ResolvedSettings, events: LinkEvents) {
    this.#events = events;
    this.#appId = settings.name;
    const options = { settings, name: `${settings.name} publisher`, keepsProcessAlive: false };
    this.#keeper = new ConnectionKeeper(options, this);
    this.#keeper.start();
  }

  publish(message: OutgoingMessage, target: Target, giveUpAt: number): Promise<Published> {
    return new Promise((resolve, reject) => {
      const entry = new Unconfirmed(message, target, { resolve, reject }, () =>
        this.#giveUp(entry),
      );
      if (this.#closed) return entry.settle("unsent");
      this.#deadlines.add(entry, giveUpAt);
      this.#waiting.add(entry);
      if (this.#keeper.status.state === "refused") this.#keeper.start();
      this.#send(entry);
    });
  }

  async close(goodbye?: Goodbye): Promise<void> {
    this.#closed = true;
    const exit = this.#exit;
    await this.#keeper.close(goodbye);
    for (const entry of [...(exit?.sent.values() ?? []), ...this.#waiting]) this.#giveUp(entry);
  }

  async setUp(connection: BrokerConnection): Promise<Session> {
    const channel = await connection.openChannel();
    const exit: Exit = {
      connection,
      channel,
      exchanges: new Map(),
      sent: new Map(),
      lastNumber: 0,
    };
    connection.onReturn(channel, (message, from) => markReturned(exit, message, from));
    connection.onConfirm(channel, (number, multiple, isStored) =>
      this.#onConfirm(exit, number, multiple, isStored),
    );
    const closed = new Promise<unknown>((resolve) => (channel.onerror = resolve));
    await connection.answered(channel.confirmSelect());
    this.#exit = exit;
    return { lost: closed.then((reason) => new Error(String(reason))) };
  }

  onLost(error: BgtasksError): void {
    const exit = this.#exit;
    this.#exit = undefined;
    this.#isReady = false;
    if (!exit) return;
    const limit = readSizeLimit(error);
    if (limit < Infinity) exit.connection.outbox.maxBody = limit;
    // In their order, and before what was not out yet.
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const entry of exit.sent.values()) {
      if (entry.isSettled) continue;
      entry.isReturned = false;
      if (entry.sentBytes > limit) this.#fail(entry, tooLarge(entry, limit));
      else this.#waiting.add(entry);
    }
    for (const entry of waiting) this.#waiting.add(entry);
  }

  onStatus(status: LinkStatus): void {
    this.#isReady = status.state === "ready";
    if (this.#isReady) for (const entry of [...this.#waiting]) this.#send(entry);
    if (status.state === "refused")
      for (const entry of [...this.#waiting]) this.#fail(entry, status.error);
    this.#events.onStatus(status);
  }

  #send(entry: Unconfirmed): void {
    const exit = this.#exit;
    if (!this.#isReady || !exit || exit.channel.closed || exit.connection.isLost) return;
    const { message, target } = entry;
    const { outbox } = exit.connection;
    if (target.exchange && !exit.exchanges.get(target.exchange.name))
      return void this.#declare(exit, target.exchange);
    const problem =
      findTooLong(message.headers, outbox) ??
      (isLongerThan(outbox.maxBody, message.body) ? tooLarge(entry, outbox.maxBody) : undefined);
    if (problem) return this.#fail(entry, problem);
    const number = ++exit.lastNumber;
    // Before the frame: the broker may confirm it as soon as it is out.
    exit.sent.set(number, entry);
    this.#waiting.delete(entry);
    try {
      entry.sentBytes = outbox.publish(exit.channel.id, this.#frameOf(entry), message.body);
      entry.isSent = true;
    } catch (error) {
      exit.sent.delete(number);
      exit.lastNumber--;
      this.#fail(entry, error);
    }
  }

  #frameOf({ message, target }: Unconfirmed): Publish {
    return {
      exchange: target.exchange?.name,
      routingKey: target.key,
      mandatory: true,
      properties: {
        contentType: message.contentType,
        headers: message.headers,
        deliveryMode: PERSISTENT,
        messageId: message.id,
        timestamp: Math.floor(Date.now() / 1_000),
        type: message.type,
        appId: this.#appId,
      },
    };
  }

  /** Declares an exchange, once, and sends what waits for it. */
  async #declare(exit: Exit, exchange: Exchange): Promise<void> {
    const { name } = exchange;
    if (exit.exchanges.has(name)) return;
    exit.exchanges.set(name, false);
    const isWaiting = ({ target }: Unconfirmed): boolean => target.exchange?.name === name;
    try {
      // Not on the channel of the messages, which the broker closes when an exchange has other properties.
      await ensureExchange(exit.connection, exchange);
      exit.exchanges.set(name, true);
      for (const entry of [...this.#waiting].filter(isWaiting)) this.#send(entry);
    } catch (error) {
      if (exit !== this.#exit || exit.connection.isLost) return;
      // Asked for again by whoever publishes to it next.
      exit.exchanges.delete(name);
      const reason = toConnectionError(error, exit.connection.host);
      for (const entry of [...this.#waiting].filter(isWaiting)) this.#fail(entry, reason);
    }
  }

  #onConfirm(exit: Exit, number: number, multiple: boolean, isStored: boolean): void {
    if (!multiple) return this.#settle(exit, number, isStored);
    for (const earlier of exit.sent.keys()) {
      if (earlier > number) break;
      this.#settle(exit, earlier, isStored);
    }
  }

  #settle(exit: Exit, number: number, isStored: boolean): void {
    const entry = exit.sent.get(number);
    if (!entry) return;
    exit.sent.delete(number);
    // It was given up, or its link was lost and it is out again.
    if (exit !== this.#exit) return;
    this.#deadlines.delete(entry);
    entry.settle(isStored ? (entry.isReturned ? "unroutable" : "stored") : "refused");
  }

  #giveUp(entry: Unconfirmed): void {
    this.#deadlines.delete(entry);
    this.#waiting.delete(entry);
    entry.settle(entry.isSent ? "unknown" : "unsent");
  }

  #fail(entry: Unconfirmed, error: unknown): void {
    this.#deadlines.delete(entry);
    this.#waiting.delete(entry);
    entry.fail(error);
  }
}

/** The broker returns messages in the order in which they were sent, and confirms each of them after that. */
function markReturned(exit: Exit, { id }: IncomingMessage, from: ReturnedFrom): void {
  for (const entry of exit.sent.values()) {
    const { message, target } = entry;
    if (entry.isReturned || message.id !== id || target.key !== from.key) continue;
    if ((target.exchange?.name ?? "") !== from.exchange) continue;
    entry.isReturned = true;
    return;
  }
}

function tooLarge({ message, target }: Unconfirmed, limit: number): BgtasksError {
  const rule = `the broker takes at most ${limit} bytes, and its body takes more`;
  return new BgtasksError(
    "too_large",
    `Cannot publish the message "${message.id}" to "${target.key}" as ${rule}`,
  );
}
