import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { ConnectionLostError, ConnectionRefusedError } from "../../../errors.ts";
import type { BrokerHost } from "../../../settings/settings.ts";
import type { Goodbye } from "../../transport.ts";
import { reasonOf, toConnectionError } from "./broker_errors.ts";
import { explainHandshake } from "./handshake_failure.ts";
import type { Outbox } from "../frames/outbox.ts";
import type { ConnectionOptions, OnConfirm, OnMessage, OnReturn } from "./socket_client.ts";
import { SocketClient } from "./socket_client.ts";
import { within } from "./within.ts";

/** How long the broker may take to answer our goodbye, in milliseconds. */
const CLOSE_TIMEOUT = 2_000;

/** How the client library says that `channel_max` is reached. */
const NO_CHANNEL_LEFT = "Max number of channels reached";

export interface ConsumeOptions {
  readonly noAck: boolean;
  /** Its name, which the broker gives if there is none. */
  readonly tag?: string;
  /** Consumers of a higher one get messages first, as long as they may have more. @default {0} */
  readonly priority?: number;
}

/** A consumer of ours. */
export interface Consumption {
  /** Settles when no more messages come: rejects with the reason, resolves after {@link cancel}. */
  wait(): Promise<void>;
  /** Tells the broker to stop; resolves when it has. */
  cancel(): Promise<void>;
}

/** One connection to one host of the broker, from the handshake to its end. It is never used again after that. */
export class BrokerConnection {
  /** Settles when the connection has ended, with the reason. Never rejects. */
  readonly lost: Promise<ConnectionLostError | ConnectionRefusedError>;
  /** Called when the broker stops reading from us, with its reason, and without one when it reads again. */
  onBlocked: ((reason: string | undefined) => void) | undefined;
  readonly host: string;
  readonly outbox: Outbox;
  readonly #client: SocketClient;
  readonly #keepsProcessAlive: boolean;
  /** Those that wait for something that does not come once the connection has ended. */
  readonly #waiting = new Set<(error: Error) => void>();
  #end: ConnectionLostError | ConnectionRefusedError | undefined;
  #silence = 0;
  #isOpen = false;

  /**
   * Connects.
   *
   * @param signal gives the attempt up
   * @throws ConnectionLostError or ConnectionRefusedError
   */
  static async open(
    host: BrokerHost,
    options: ConnectionOptions,
    signal?: AbortSignal,
  ): Promise<BrokerConnection> {
    const connection = new BrokerConnection(host, options);
    const onAbort = (): void => connection.destroy(new Error("the attempt was given up"));
    signal?.addEventListener("abort", onAbort);
    try {
      await connection.#connect(options);
      return connection;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  private constructor(host: BrokerHost, options: ConnectionOptions) {
    this.host = `${host.host}:${host.port}`;
    this.#keepsProcessAlive = options.keepsProcessAlive;
    this.#client = new SocketClient(host, options);
    this.outbox = this.#client.outbox;
    this.lost = new Promise((resolve) => {
      this.#client.onEnd = (error) => {
        if (this.#end) return;
        const { heard } = this.#client;
        const reason = this.#isOpen ? error : explainHandshake(error, host.tls, heard);
        this.#end = toConnectionError(reason, this.host);
        this.#silence = this.#client.silence;
        resolve(this.#end);
        for (const onLost of this.#waiting) onLost(this.#end);
      };
    });
    const tellBlocked = (reason: string | undefined): void => {
      this.outbox.isBlocked = reason !== undefined;
      this.onBlocked?.(reason);
    };
    this.#client.onblocked = tellBlocked;
    this.#client.onunblocked = () => tellBlocked(undefined);
  }

  /** Why the broker reads nothing from us at the moment; undefined when it does. */
  get blocked(): string | undefined {
    return this.#client.blocked;
  }

  get isLost(): boolean {
    return this.#end !== undefined;
  }

  /** How long the broker had said nothing when the connection ended, in milliseconds. */
  get silenceBeforeEnd(): number {
    return this.#silence;
  }

  /**
   * Waits for an answer of the broker or for anything else that needs the connection, and rejects when the connection ends
   * before: the client library forgets a question that was about to be sent just then.
   */
  async answered<T>(answer: Promise<T>): Promise<T> {
    if (this.#end) {
      answer.catch(() => {});
      throw this.#end;
    }
    // Not a race with `lost`: that would remember every question until the connection ends.
    let onLost: (error: Error) => void = () => {};
    const lost = new Promise<never>((_, reject) => (onLost = reject));
    this.#waiting.add(onLost);
    try {
      // oxlint-disable-next-line eslint/no-restricted-properties -- both belong to this question
      return await Promise.race([answer, lost]);
    } finally {
      this.#waiting.delete(onLost);
    }
  }

  /** @throws ConnectionRefusedError when the broker allows no further channel on a connection */
  async openChannel(): Promise<AMQPChannel> {
    let channel: AMQPChannel;
    try {
      channel = await this.answered(this.#client.channel());
    } catch (error) {
      if (reasonOf(error) !== NO_CHANNEL_LEFT) throw error;
      throw new ConnectionRefusedError(
        `Cannot open another channel, because the broker at ${this.host} allows ${this.#client.channelMax} on a connection (channel_max)`,
      );
    }
    // Whoever opened the channel learns of its end from what it waits for.
    channel.onerror = () => {};
    return channel;
  }

  /** Consumes from a queue; a channel has at most one consumer at a time. */
  async consume(
    channel: AMQPChannel,
    queue: string,
    { noAck, tag = "", priority = 0 }: ConsumeOptions,
    onMessage: OnMessage,
  ): Promise<Consumption> {
    let onCancel: () => void = () => {};
    const cancelled = new Promise<never>((_, reject) => {
      onCancel = () => reject(new Error("Consumer cancelled by the server"));
    });
    cancelled.catch(() => {});
    let whyClosed = "the channel was closed";
    channel.onerror = (reason) => (whyClosed = reason);
    // Known before it is asked for: the first message may come in one piece with the broker's consent.
    this.#client.onDelivery[channel.id] = onMessage;
    this.#client.onCancel[channel.id] = onCancel;
    const args = priority === 0 ? {} : { "x-priority": priority };
    const consumer = await this.answered(
      channel.basicConsume(queue, { noAck, tag, args }, () => {}),
    );
    // The library tells a consumer of the channel's end only if that came after this.
    if (channel.closed) throw new Error(whyClosed);
    return {
      // oxlint-disable-next-line eslint/no-restricted-properties -- both belong to this consumer
      wait: () => this.answered(Promise.race([consumer.wait(), cancelled])),
      // Not the consumer's own method, which says nothing once the broker has cancelled it.
      cancel: async () => void (await this.answered(channel.basicCancel(consumer.tag))),
    };
  }

  /** Says who is told of the messages that were published on a channel and that no queue takes. */
  onReturn(channel: AMQPChannel, onReturn: OnReturn): void {
    this.#client.onReturn[channel.id] = onReturn;
  }

  /** Says who is told what the broker made of the messages that were published on a channel. */
  onConfirm(channel: AMQPChannel, onConfirm: OnConfirm): void {
    this.#client.onConfirm[channel.id] = onConfirm;
  }

  /** Says goodbye after everything sent before has been taken by the broker. */
  async close({ patience = CLOSE_TIMEOUT, extension = 0 }: Goodbye = {}): Promise<void> {
    if (!this.isLost) {
      const goodbye = this.#sayGoodbye();
      await within(patience, goodbye).catch(async () => {
        if (this.#isHeldUp) await within(extension, goodbye).catch(() => {});
      });
    }
    this.#client.end(new ConnectionLostError("The connection was closed"));
  }

  /** Drops the connection at once. */
  destroy(error: Error): void {
    this.#client.end(error);
  }

  /** Whether the broker has not read all that we sent, as far as can be seen from here. */
  get #isHeldUp(): boolean {
    const { socket, blocked } = this.#client;
    return !this.isLost && (blocked !== undefined || (socket?.writableLength ?? 0) > 0);
  }

  async #sayGoodbye(): Promise<void> {
    const channels = this.#client.channels.filter(
      (channel) => channel && channel.id > 0 && !channel.closed,
    );
    const closed = channels.map((channel) => {
      return new Promise<void>((resolve) => {
        this.#client.onCloseOk[channel.id] = resolve;
        channel.close().catch(() => {});
      });
    });
    await this.answered(Promise.all(closed)).catch(() => {});
    if (!this.isLost) await this.answered(this.#client.close());
  }

  async #connect({ settings }: ConnectionOptions): Promise<void> {
    try {
      const connected = this.answered(this.#client.connect());
      await within(settings.connectTimeout, connected, this.#keepsProcessAlive);
      this.#isOpen = true;
      this.outbox.frameMax = this.#client.frameMax;
      this.#client.watchHeartbeat();
    } catch (error) {
      this.#client.end(error);
      throw this.#end ?? toConnectionError(error, this.host);
    }
  }
}
