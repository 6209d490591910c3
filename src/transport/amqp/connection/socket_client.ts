import type { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { pid } from "node:process";
import { clearImmediate, clearInterval, setImmediate, setInterval } from "node:timers";

import { AMQPClient } from "@cloudamqp/amqp-client";
import { ClassId, ConnectionMethod, Type, Writer } from "@cloudamqp/amqp-client/amqp-frame";
import { AMQPView } from "@cloudamqp/amqp-client/amqp-view";

import type { BrokerHost, ResolvedSettings } from "../../../settings/settings.ts";
import { VERSION } from "../../../version.ts";
import { reasonOf } from "./broker_errors.ts";
import type { SentTo } from "../frames/frame_reader.ts";
import { FrameReader } from "../frames/frame_reader.ts";
import { foreignProtocol } from "./handshake_failure.ts";
import type { IncomingMessage } from "../frames/incoming_message.ts";
import { Outbox } from "../frames/outbox.ts";

const RESOLVED = Promise.resolve();

/** Class connection, methods start, tune and close-ok. */
const [CONNECTION_START, CONNECTION_TUNE, CONNECTION_CLOSE_OK] = [
  0x000a000a, 0x000a001e, 0x000a0033,
];
/** Class channel, method close-ok; class basic, methods cancel, ack and nack. */
const [CHANNEL_CLOSE_OK, BASIC_CANCEL, BASIC_ACK, BASIC_NACK] = [
  0x00140029, 0x003c001e, 0x003c0050, 0x003c0078,
];

/** Where a frame's channel, its method and the arguments of the method begin, in bytes. */
const [CHANNEL_AT, METHOD_AT, ARGUMENTS_AT] = [1, 7, 11];

/** The smallest `frame_max` that AMQP allows, in bytes. */
const MIN_FRAME_MAX = 4_096;

export interface ConnectionOptions {
  readonly settings: ResolvedSettings;
  /** What the broker's management page shows. */
  readonly name: string;
  /** Whether the open connection alone keeps the process running. */
  readonly keepsProcessAlive: boolean;
  /** Whether consumers are told where each message was sent. @default {false} */
  readonly readsTargets?: boolean;
}

/** Told of a message; its body is to be read at once or by the one who takes it over. */
export type OnMessage = (message: IncomingMessage, to?: SentTo) => void;

/** Told of a message that no queue takes. */
export type OnReturn = (message: IncomingMessage, from: SentTo) => void;

/**
 * Told what the broker made of the message that was published as the `number`th on a channel, counted from 1, or of all
 * up to that one.
 */
export type OnConfirm = (number: number, multiple: boolean, isStored: boolean) => void;

/**
 * The client library's connection with four differences: messages are read by {@link FrameReader}, writes of one turn go
 * out together, every end is reported at one place, and a broker that sets no limit gets ours.
 */
export class SocketClient extends AMQPClient {
  readonly outbox: Outbox = new Outbox((bytes, done) => {
    if (this.socket?.writable) this.socket.write(bytes, done);
    else done();
  });
  onEnd: (error: unknown) => void = () => {};
  // By channel. A number is used again only after the channel's end, by one that says anew what it consumes.
  readonly onDelivery: OnMessage[] = [];
  readonly onReturn: OnReturn[] = [];
  readonly onConfirm: OnConfirm[] = [];
  readonly onCancel: (() => void)[] = [];
  readonly onCloseOk: (() => void)[] = [];
  readonly #reader: FrameReader;
  readonly #settings: ResolvedSettings;
  readonly #keepsProcessAlive: boolean;
  #lastRead = performance.now();
  #heard = false;
  #watch: ReturnType<typeof setInterval> | undefined;
  #secondLook: ReturnType<typeof setImmediate> | undefined;

  constructor(
    { host, port, tls }: BrokerHost,
    { settings, name, keepsProcessAlive, readsTargets }: ConnectionOptions,
  ) {
    const url = new URL(`${tls ? "amqps" : "amqp"}://localhost:${port}`);
    url.searchParams.set("name", name);
    url.searchParams.set("frameMax", String(settings.frameMax));
    url.searchParams.set("heartbeat", String(settings.heartbeatSeconds));
    // These options are those of the socket, host included; by URL an IPv6 address would keep its brackets.
    // An address is no server name in TLS; the certificate is then compared with the host.
    const servername = isIP(host) === 0 ? host : "";
    super(url.href, { servername, ...settings.tls, host } as object);
    // Not by URL, which would turn the virtual host ".." into "/" and an empty password into "guest".
    this.vhost = settings.vhost;
    this.username = settings.username;
    this.password = settings.password;
    this.#settings = settings;
    this.#keepsProcessAlive = keepsProcessAlive;
    const limits = {
      frameMax: settings.frameMax,
      maxBody: settings.maxMessageBytes,
      readsTargets,
    };
    this.#reader = new FrameReader(limits, {
      onDelivery: (channel, message, to) => this.onDelivery[channel]?.(message, to),
      onReturn: (channel, message, from) => this.onReturn[channel]?.(message, from),
      onOtherFrame: (frame) => this.#onOtherFrame(frame),
    });
    this.onerror = (error) => this.#end(error);
    this.ondisconnect = (error) => this.#end(error ?? new Error("the connection was closed"));
  }

  /** How long the broker has said nothing, in milliseconds. */
  get silence(): number {
    return performance.now() - this.#lastRead;
  }

  /** Whether the broker has said anything. */
  get heard(): boolean {
    return this.#heard;
  }

  override connect(): ReturnType<AMQPClient["connect"]> {
    const connected = super.connect();
    const { socket } = this;
    // In place of the library's own reader.
    socket?.removeAllListeners("data").once("data", this.#onFirstChunk);
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

  /**
   * Watches for a link that is gone without a word: nothing came for two heartbeats, of which the broker sends one at
   * least every half interval. It takes the place of the library's idle timeout, which begins anew with every write of
   * ours, so that calls into the void would keep the link alive, and which ends a link after a single interval.
   */
  watchHeartbeat(): void {
    this.socket?.setTimeout(0);
    const limit = this.heartbeat * 1_000 * 2;
    if (limit === 0) return;
    this.#watch = setInterval(() => {
      if (this.silence < limit) return;
      // A handler may have kept the process busy: what came meanwhile is read after the timers, and before this.
      this.#secondLook = setImmediate(() => {
        if (this.silence < limit) return;
        this.end(new Error(`no sign of life for ${Math.round(limit / 1_000)} s`));
      });
    }, limit / 8);
    this.#watch.unref();
  }

  end(error: unknown): void {
    this.#end(error);
    this.closed = true;
    // Told before the socket goes, as it no longer reports a close that we began.
    const failure = error instanceof Error ? error : new Error(reasonOf(error));
    for (const channel of this.channels) channel?.setClosed(failure);
    this.socket?.destroy();
    this.socket = undefined;
  }

  readonly #onFirstChunk = (chunk: Buffer): void => {
    this.#heard = true;
    const protocol = foreignProtocol(chunk);
    if (protocol !== undefined) return this.end(new Error(protocol));
    this.socket?.on("data", this.#onChunk);
    this.#onChunk(chunk);
  };

  readonly #onChunk = (chunk: Buffer): void => {
    this.#lastRead = performance.now();
    try {
      this.#reader.read(chunk, this.#lastRead);
    } catch (error) {
      // Thrown into the socket's event, this would end the process.
      this.end(new Error(`cannot read what the broker sent: ${reasonOf(error)}`));
    }
  };

  #onOtherFrame(frame: Buffer): void {
    if (frame[0] === Type.METHOD && frame.length > ARGUMENTS_AT) {
      const method = frame.readUInt32BE(METHOD_AT);
      // The library counts what it publishes itself, and all of ours it does not.
      if (method === BASIC_ACK || method === BASIC_NACK)
        return this.#onConfirm(frame, method === BASIC_ACK);
      if (method === CONNECTION_START) return this.#introduce();
      if (method === CONNECTION_TUNE) this.#setLimits(frame);
      if (method === CONNECTION_CLOSE_OK && !this.closed)
        throw new Error("a goodbye that nobody asked for");
      // The library takes it for the answer to an earlier question that the broker answers no more.
      if (method === CHANNEL_CLOSE_OK) this.onCloseOk[frame.readUInt16BE(CHANNEL_AT)]?.();
      // The library forgets a cancel that comes in one piece with the consent to consume.
      if (method === BASIC_CANCEL) this.onCancel[frame.readUInt16BE(CHANNEL_AT)]?.();
    }
    this.parseFrames(new AMQPView(frame.buffer, frame.byteOffset, frame.length));
  }

  #onConfirm(frame: Buffer, isStored: boolean): void {
    const number = Number(frame.readBigUInt64BE(ARGUMENTS_AT));
    const multiple = (frame.readUInt8(ARGUMENTS_AT + 8) & 1) === 1;
    this.onConfirm[frame.readUInt16BE(CHANNEL_AT)]?.(number, multiple, isStored);
  }

  /** Says who we are. The library would name itself, and has room for a password of 8,000 bytes. */
  #introduce(): void {
    const { username, password } = this.#settings;
    const response = `\0${username}\0${password}`;
    const frame = new Writer({
      bufferSize: 4_096 + 3 * response.length,
      type: Type.METHOD,
      channel: 0,
      classId: ClassId.CONNECTION,
      method: ConnectionMethod.START_OK,
    });
    frame.writeTable({
      connection_name: this.name,
      product: "bgtasks",
      version: VERSION,
      platform: this.platform,
      host: hostName(),
      pid,
      information: "https://github.com/bgtasks/bgtasks",
      capabilities: {
        authentication_failure_close: true,
        "basic.nack": true,
        "connection.blocked": true,
        consumer_cancel_notify: true,
        publisher_confirms: true,
      },
    });
    frame.writeShortString("PLAIN");
    frame.writeLongString(response);
    frame.writeShortString("en_US");
    frame.finalize();
    void this.send(frame.toUint8Array());
  }

  /** Puts our own limits in the place of 0, which means none: largest frame and heartbeat. */
  #setLimits(frame: Buffer): void {
    const [frameMaxAt, heartbeatAt] = [ARGUMENTS_AT + 2, ARGUMENTS_AT + 6];
    const frameMax = frame.readUInt32BE(frameMaxAt);
    if (frameMax === 0) frame.writeUInt32BE(this.#settings.frameMax, frameMaxAt);
    else if (frameMax < MIN_FRAME_MAX) {
      throw new Error(`frames of at most ${frameMax} bytes, where AMQP has ${MIN_FRAME_MAX}`);
    }
    if (frame.readUInt16BE(heartbeatAt) === 0)
      frame.writeUInt16BE(this.#settings.heartbeatSeconds, heartbeatAt);
  }

  #end(error: unknown): void {
    clearInterval(this.#watch);
    clearImmediate(this.#secondLook);
    this.onEnd(error);
  }
}

/** The machine's name; on Deno only where the program may know it: to ask would stop it with a prompt. */
function hostName(): string | undefined {
  const { Deno } = globalThis as {
    Deno?: { permissions: { querySync(of: { name: "sys"; kind: "hostname" }): { state: string } } };
  };
  const mayAsk = Deno?.permissions.querySync({ name: "sys", kind: "hostname" }).state ?? "granted";
  return mayAsk === "granted" ? hostname() : undefined;
}
