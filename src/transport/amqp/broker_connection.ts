import type { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { clearInterval, setInterval } from "node:timers";

import type { AMQPChannel, AMQPConsumer } from "@cloudamqp/amqp-client";
import { AMQPClient } from "@cloudamqp/amqp-client";
import { AMQPView } from "@cloudamqp/amqp-client/amqp-view";

import type { ConnectionRefusedError } from "../../errors.ts";
import { ConnectionLostError } from "../../errors.ts";
import type { BrokerHost, ResolvedSettings } from "../../settings.ts";
import { describe, toConnectionError } from "./broker_errors.ts";
import { FrameReader } from "./frame_reader.ts";
import type { IncomingMessage } from "./incoming_message.ts";
import { Outbox } from "./outbox.ts";
import { within } from "./within.ts";

/** How long the broker may take to answer our goodbye, in milliseconds. */
const CLOSE_TIMEOUT = 2_000;

const RESOLVED = Promise.resolve();

export interface ConnectionOptions {
  readonly settings: ResolvedSettings;
  /** What the broker's management page shows. */
  readonly name: string;
  /** Whether the open connection alone keeps the process running. */
  readonly keepsProcessAlive: boolean;
}

/** Told of a message; its body is to be read at once or by the one who takes it over. */
export type OnMessage = (message: IncomingMessage) => void;

/** One connection to one host of the broker, from the handshake to its end. It is never used again after that. */
export class BrokerConnection {
  /** Settles when the connection has ended, with the reason. Never rejects. */
  readonly lost: Promise<ConnectionLostError | ConnectionRefusedError>;
  /** Called when the broker stops reading from us, with its reason, and without one when it reads again. */
  onBlocked: ((reason: string | undefined) => void) | undefined;
  readonly host: string;
  readonly outbox: Outbox;
  readonly #client: CoalescingClient;
  /** Those that wait for an answer of the broker. */
  readonly #questions = new Set<(error: Error) => void>();
  #isLost = false;

  /** Connects. @throws ConnectionLostError or ConnectionRefusedError */
  static async open(host: BrokerHost, options: ConnectionOptions): Promise<BrokerConnection> {
    const connection = new BrokerConnection(host, options);
    await connection.#connect(options);
    return connection;
  }

  private constructor(host: BrokerHost, options: ConnectionOptions) {
    this.host = `${host.host}:${host.port}`;
    this.#client = new CoalescingClient(host, options);
    this.outbox = this.#client.outbox;
    this.lost = new Promise((resolve) => {
      this.#client.onEnd = (error) => {
        if (this.#isLost) return;
        this.#isLost = true;
        const reason = toConnectionError(error, this.host);
        resolve(reason);
        for (const onLost of this.#questions) onLost(reason);
      };
    });
    this.#client.onblocked = (reason) => this.onBlocked?.(reason);
    this.#client.onunblocked = () => this.onBlocked?.(undefined);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * Waits for an answer of the broker, and rejects when the connection ends before: the client library forgets a question
   * that was about to be sent just then.
   */
  async answered<T>(answer: Promise<T>): Promise<T> {
    // Not a race with `lost`: that would remember every question until the connection ends.
    let onLost: (error: Error) => void = () => {};
    const lost = new Promise<never>((_, reject) => (onLost = reject));
    this.#questions.add(onLost);
    try {
      return await Promise.race([answer, lost]);
    } finally {
      this.#questions.delete(onLost);
    }
  }

  async openChannel(): Promise<AMQPChannel> {
    const channel = await this.answered(this.#client.channel());
    // Whoever opened the channel learns of its end from what it waits for.
    channel.onerror = () => {};
    return channel;
  }

  /** Consumes from a queue; a channel has at most one consumer. */
  async consume(
    channel: AMQPChannel,
    queue: string,
    { noAck }: { readonly noAck: boolean },
    onMessage: OnMessage,
  ): Promise<AMQPConsumer> {
    // Known before it is asked for: the first message may come in one piece with the broker's consent.
    this.#client.onDelivery[channel.id] = onMessage;
    return await this.answered(channel.basicConsume(queue, { noAck }, () => {}));
  }

  /** Says who is told of the messages that were published on a channel and that no queue takes. */
  onReturn(channel: AMQPChannel, onMessage: OnMessage): void {
    this.#client.onReturn[channel.id] = onMessage;
  }

  /** Says goodbye after everything sent before has been taken by the broker. */
  async close(): Promise<void> {
    if (!this.#isLost) {
      const channels = this.#client.channels.filter(
        (channel) => channel && channel.id > 0 && !channel.closed,
      );
      const goodbye = Promise.all(channels.map((channel) => channel.close())).then(() =>
        this.#client.close(),
      );
      await within(CLOSE_TIMEOUT, Promise.race([goodbye, this.lost])).catch(() => {});
    }
    this.#client.end(new ConnectionLostError("The connection was closed"));
  }

  /** Drops the connection at once. */
  destroy(error: Error): void {
    this.#client.end(error);
  }

  async #connect({ settings }: ConnectionOptions): Promise<void> {
    try {
      await within(settings.connectTimeout, this.answered(this.#client.connect()));
      this.outbox.frameMax = this.#client.frameMax;
      this.#client.watchHeartbeat();
    } catch (error) {
      this.#client.end(error);
      throw toConnectionError(error, this.host);
    }
  }
}

/**
 * The client library's connection, with messages read by ourselves, writes of one turn sent together and every end
 * reported at one place.
 */
class CoalescingClient extends AMQPClient {
  readonly outbox: Outbox = new Outbox((bytes, done) => {
    if (this.socket?.writable) this.socket.write(bytes, done);
    else done();
  });
  onEnd: (error: unknown) => void = () => {};
  /** By channel. A number is used again only after the channel's end, by one that says anew what it consumes. */
  readonly onDelivery: OnMessage[] = [];
  readonly onReturn: OnMessage[] = [];
  readonly #reader: FrameReader = new FrameReader({
    onDelivery: (channel, message) => this.onDelivery[channel]?.(message),
    onReturn: (channel, message) => this.onReturn[channel]?.(message),
    onOtherFrame: (frame) => {
      this.parseFrames(new AMQPView(frame.buffer, frame.byteOffset, frame.length));
    },
  });
  readonly #keepsProcessAlive: boolean;
  #lastRead = performance.now();
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(
    { host, port, tls }: BrokerHost,
    { settings, name, keepsProcessAlive }: ConnectionOptions,
  ) {
    const url = new URL(`${tls ? "amqps" : "amqp"}://localhost:${port}`);
    url.searchParams.set("name", name);
    url.searchParams.set("frameMax", String(settings.frameMax));
    url.searchParams.set("heartbeat", String(settings.heartbeatSeconds));
    // These options are those of the socket, host included; by URL an IPv6 address would keep its brackets.
    // An address is no server name in TLS; the certificate is then compared with the host.
    const servername = isIP(host) === 0 ? host : "";
    super(url.href, { servername, ...settings.tls, host } as object);
    // As they are: in a URL "." and ".." are steps, and the library takes an empty password for "guest".
    this.vhost = settings.vhost;
    this.username = settings.username;
    this.password = settings.password;
    this.#keepsProcessAlive = keepsProcessAlive;
    this.onerror = (error) => this.#end(error);
    this.ondisconnect = (error) => this.#end(error ?? new Error("the connection was closed"));
  }

  override connect(): ReturnType<AMQPClient["connect"]> {
    const connected = super.connect();
    const { socket } = this;
    // In place of the library's own reader.
    socket?.removeAllListeners("data").on("data", this.#onChunk);
    // Else a small write waits for the acknowledgement of the one before it, up to 40 ms.
    socket?.once("connect", () => socket.setNoDelay(true));
    socket?.once("close", () => this.#end(new Error("the socket closed")));
    if (!this.#keepsProcessAlive) socket?.unref();
    return connected;
  }

  // Never rejects: whoever waits for an answer is told when the connection ends.
  override send(bytes: Uint8Array): Promise<void> {
    this.outbox.append(bytes);
    return RESOLVED;
  }

  readonly #onChunk = (chunk: Buffer): void => {
    this.#lastRead = performance.now();
    try {
      this.#reader.read(chunk, this.#lastRead);
    } catch (error) {
      // Thrown into the socket's event, this would end the process.
      this.end(new Error(`cannot read what the broker sent: ${describe(error)}`));
    }
  };

  /**
   * Watches for a link that is gone without a word. The socket's own idle timeout, which the library sets, starts anew
   * with every write of ours, so calls into the void would keep it alive.
   */
  watchHeartbeat(): void {
    // The broker says something at least every half heartbeat.
    const silence = this.heartbeat * 1_000 * 1.5;
    if (silence === 0) return;
    this.#watch = setInterval(() => {
      if (performance.now() - this.#lastRead < silence) return;
      this.end(new Error(`no sign of life for ${Math.round(silence / 1_000)} s`));
    }, silence / 6);
    this.#watch.unref();
  }

  end(error: unknown): void {
    this.#end(error);
    this.closed = true;
    // Told before the socket goes, as it no longer reports a close that we began.
    const failure = error instanceof Error ? error : new Error(describe(error));
    for (const channel of this.channels) channel?.setClosed(failure);
    this.socket?.destroy();
    this.socket = undefined;
  }

  #end(error: unknown): void {
    clearInterval(this.#watch);
    this.onEnd(error);
  }
}
