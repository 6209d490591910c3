import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { Deadlines } from "../../time/deadlines.ts";
import { BgtasksError } from "../../errors.ts";
import type { ResolvedSettings } from "../../settings/settings.ts";
import { isLongerThan } from "../../messages/byte_length.ts";
import { Numbered } from "../../messages/numbered.ts";
import { findTooLong } from "../limits.ts";
import type {
  Goodbye,
  LinkEvents,
  LinkStatus,
  OutgoingMessage,
  Published,
  PublisherLink,
  Target,
} from "../transport.ts";
import type { Topology } from "../topology.ts";
import type { BrokerConnection } from "./connection/broker_connection.ts";
import {
  NOT_FOUND,
  readSizeLimit,
  reasonOf,
  replyCode,
  toConnectionError,
} from "./connection/broker_errors.ts";
import { declareTopology } from "./topology/declare_topology.ts";
import type { SentTo } from "./frames/frame_reader.ts";
import type { Publish } from "./frames/frame_writer.ts";
import type { IncomingMessage } from "./frames/incoming_message.ts";
import type { Session, KeptWork } from "./connection/connection_keeper.ts";
import { ConnectionKeeper } from "./connection/connection_keeper.ts";
import type { ConfirmWatcher } from "./unconfirmed.ts";
import { Unconfirmed } from "./unconfirmed.ts";

/** Survives a restart of the broker, where its queue does. */
const PERSISTENT = 2;

/** Where messages go out; replaced whenever the channel or the connection is lost. */
interface Exit {
  readonly connection: BrokerConnection;
  readonly channel: AMQPChannel;
  /** What was asked for, and whether it is there. To publish to an exchange that is not would close the channel. */
  readonly declared: Map<Topology, boolean>;
  readonly sent: Numbered<Unconfirmed>;
}

/** Publishes to RabbitMQ with confirms: one connection, one channel. */
export class AMQPPublisher implements PublisherLink, KeptWork, ConfirmWatcher {
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
      const entry = new Unconfirmed(message, target, this, { resolve, reject });
      if (this.#closed) return entry.settle("unsent");
      this.#deadlines.add(entry, giveUpAt);
      if (this.#keeper.status.state === "refused") this.#keeper.start();
      if (!this.#send(entry)) this.#waiting.add(entry);
    });
  }

  async close(goodbye?: Goodbye): Promise<void> {
    this.#closed = true;
    const exit = this.#exit;
    await this.#keeper.close(goodbye);
    for (const entry of [...(exit?.sent ?? []), ...this.#waiting]) this.giveUp(entry);
  }

  async setUp(connection: BrokerConnection): Promise<Session> {
    const channel = await connection.openChannel();
    const exit: Exit = {
      connection,
      channel,
      declared: new Map(),
      sent: new Numbered(),
    };
    connection.onReturn(channel, (message, from) => markReturned(exit, message, from));
    connection.onConfirm(channel, (number, multiple, isStored) => {
      const only = multiple ? undefined : exit.sent.take(number);
      if (only) this.#settle(exit, only, isStored);
      else if (multiple)
        for (const entry of exit.sent.takeUpTo(number)) this.#settle(exit, entry, isStored);
    });
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
    for (const entry of exit.sent) {
      if (entry.isSettled) continue;
      entry.isReturned = false;
      if (entry.sentBytes > limit) this.#fail(entry, tooLarge(entry, limit));
      else this.#waiting.add(entry);
    }
    for (const entry of waiting) this.#waiting.add(entry);
  }

  onStatus(status: LinkStatus): void {
    this.#isReady = status.state === "ready";
    if (this.#isReady) this.#sendAll([...this.#waiting]);
    if (status.state === "refused") {
      for (const entry of [...this.#waiting]) {
        // The broker may have it.
        if (entry.isSent) this.giveUp(entry);
        else this.#fail(entry, status.error);
      }
    }
    this.#events.onStatus(status);
  }

  /** Sends what waits, as far as it can go out. */
  #sendAll(entries: readonly Unconfirmed[]): void {
    for (const entry of entries) if (this.#send(entry)) this.#waiting.delete(entry);
  }

  /** @returns whether it does not wait any more: it is out, or it has failed */
  #send(entry: Unconfirmed): boolean {
    const exit = this.#exit;
    if (!this.#isReady || !exit || exit.channel.closed || exit.connection.isLost) return false;
    const { message, target } = entry;
    const { outbox } = exit.connection;
    if (target.topology && !exit.declared.get(target.topology)) {
      void this.#declare(exit, target.topology);
      return false;
    }
    const problem =
      findTooLong(message.headers, outbox) ??
      (isBodyLongerThan(outbox.maxBody, message.body)
        ? tooLarge(entry, outbox.maxBody)
        : undefined);
    try {
      if (problem) throw problem;
      entry.sentBytes = outbox.publish(exit.channel.id, this.#frameOf(entry), message.body);
      entry.isSent = true;
      exit.sent.add(entry);
    } catch (error) {
      this.#fail(entry, error);
    }
    return true;
  }

  #frameOf({ message, target }: Unconfirmed): Publish {
    return {
      exchange: target.exchange,
      routingKey: target.key,
      mandatory: true,
      properties: {
        contentType: message.contentType,
        contentEncoding: message.contentEncoding,
        correlationId: message.correlationId,
        headers: message.headers,
        deliveryMode: PERSISTENT,
        messageId: message.id,
        timestamp: Math.floor(Date.now() / 1_000),
        type: message.type,
        appId: this.#appId,
      },
    };
  }

  /** Declares a topology, once, and sends what waits for it. */
  async #declare(exit: Exit, topology: Topology): Promise<void> {
    if (exit.declared.has(topology)) return;
    exit.declared.set(topology, false);
    const waiting = (): Unconfirmed[] =>
      [...this.#waiting].filter(({ target }) => target.topology === topology);
    try {
      // Not on the channel of the messages, which the broker closes when something has other properties.
      await declareTopology(exit.connection, topology);
      exit.declared.set(topology, true);
      this.#sendAll(waiting());
    } catch (error) {
      if (exit !== this.#exit || exit.connection.isLost) return;
      // Asked for again by whoever publishes there next.
      exit.declared.delete(topology);
      const isMissing = replyCode(reasonOf(error)) === NOT_FOUND;
      const reason = toConnectionError(error, exit.connection.host);
      for (const entry of waiting()) {
        if (isMissing) this.#end(entry).settle("unroutable");
        else this.#fail(entry, reason);
      }
    }
  }

  #settle(exit: Exit, entry: Unconfirmed, isStored: boolean): void {
    // Its link was lost and it is out again.
    if (exit !== this.#exit) return;
    this.#deadlines.delete(entry);
    // Somebody deleted what was declared.
    if (entry.isReturned && entry.target.topology) exit.declared.delete(entry.target.topology);
    entry.settle(isStored ? (entry.isReturned ? "unroutable" : "stored") : "refused");
  }

  giveUp(entry: Unconfirmed): void {
    this.#end(entry).settle(entry.isSent ? "unknown" : "unsent");
  }

  #fail(entry: Unconfirmed, error: unknown): void {
    this.#end(entry).fail(error);
  }

  #end(entry: Unconfirmed): Unconfirmed {
    this.#deadlines.delete(entry);
    this.#waiting.delete(entry);
    return entry;
  }
}

/** The broker returns messages in the order in which they were sent, and confirms each of them after that. */
function markReturned(exit: Exit, { id }: IncomingMessage, from: SentTo): void {
  for (const entry of exit.sent) {
    const { message, target } = entry;
    if (entry.isReturned || message.id !== id || target.key !== from.key) continue;
    if ((target.exchange ?? "") !== from.exchange) continue;
    entry.isReturned = true;
    return;
  }
}

function isBodyLongerThan(maxBytes: number, body: string | Uint8Array): boolean {
  return typeof body === "string" ? isLongerThan(maxBytes, body) : body.byteLength > maxBytes;
}

function tooLarge({ message, target }: Unconfirmed, limit: number): BgtasksError {
  const rule = `the broker takes at most ${limit} bytes, and its body takes more`;
  return new BgtasksError(
    "too_large",
    `Cannot publish the message "${message.id}" to "${target.key}" as ${rule}`,
  );
}
