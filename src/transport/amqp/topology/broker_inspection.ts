/** A look at the broker for people: who it is, what it allows, how queues stand. Loaded by the command alone. */
import { connect, isIP } from "node:net";
import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { connect as connectTLS } from "node:tls";

import { AMQPView } from "@cloudamqp/amqp-client/amqp-view";

import { BgtasksError, ConnectionLostError, ConnectionRefusedError } from "../../../errors.ts";
import type { BrokerHost, ResolvedSettings } from "../../../settings/settings.ts";
import type { QueueOptions } from "../../transport.ts";
import { BrokerConnection } from "../connection/broker_connection.ts";
import { reasonOf, toConnectionError } from "../connection/broker_errors.ts";
import type { QueueRecord } from "../../topology.ts";
import { declareQueue } from "./declare_queue.ts";
import { declareTopology } from "./declare_topology.ts";
import { explainHandshake, foreignProtocol } from "../connection/handshake_failure.ts";
import { openAnyHost } from "../connection/open_any_host.ts";
import { askQueue } from "./queue_state.ts";
import type { QueueState } from "./queue_state.ts";
import { ReplyToGuard } from "../reply_to/reply_to_guard.ts";
import { ReplyToRule } from "../reply_to/reply_to_rule.ts";
import { tryReplyRoundTrip } from "../reply_to/reply_round_trip.ts";
import type { ConnectionOptions } from "../connection/socket_client.ts";

const PROTOCOL_HEADER = Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);
/** Type, channel and size, then class, method and the protocol's two version numbers. */
const [FRAME_HEADER, BEFORE_PROPERTIES] = [7, 13];

/** Who a broker says it is, before it knows who we are. */
export interface BrokerGreeting {
  readonly product: string;
  readonly version: string;
}

/**
 * Reads the first frame of the handshake.
 *
 * @throws ConnectionLostError when nobody answers, or somebody who does not speak AMQP 0-9-1
 */
export async function readGreeting(
  host: BrokerHost,
  settings: ResolvedSettings,
): Promise<BrokerGreeting> {
  const where = `${host.host}:${host.port}`;
  const socket = open(host, settings);
  const timer = setTimeout(
    () => socket.destroy(new Error(`no answer within ${settings.connectTimeout} ms`)),
    settings.connectTimeout,
  );
  let frame: Uint8Array;
  try {
    frame = await readFrame(socket);
  } catch (error) {
    throw toConnectionError(explainHandshake(error, host.tls, false), where);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
  try {
    const view = new AMQPView(frame.buffer, frame.byteOffset, frame.byteLength);
    const [{ product, version }] = view.getTable(BEFORE_PROPERTIES);
    return { product: toText(product), version: toText(version) };
  } catch {
    throw new ConnectionLostError(`Cannot read the greeting of the broker at ${where}`);
  }
}

/** A connection to look around with. */
export class BrokerInspection implements AsyncDisposable {
  readonly #connection: BrokerConnection;
  readonly #options: ConnectionOptions;

  /**
   * Connects to one host.
   *
   * @throws ConnectionLostError or ConnectionRefusedError
   */
  static async open(host: BrokerHost, settings: ResolvedSettings): Promise<BrokerInspection> {
    const options = { settings, name: `${settings.name} inspection`, keepsProcessAlive: true };
    return new BrokerInspection(await BrokerConnection.open(host, options), options);
  }

  /** Connects to the first of the hosts that answers. */
  static async openAny(settings: ResolvedSettings): Promise<BrokerInspection> {
    const errors: BgtasksError[] = [];
    for (const host of settings.hosts) {
      try {
        return await BrokerInspection.open(host, settings);
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;
        errors.push(error);
      }
    }
    throw new ConnectionLostError(errors.map(({ message }) => message).join("; "));
  }

  private constructor(connection: BrokerConnection, options: ConnectionOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** How a route's queue stands. */
  async findQueue(route: string): Promise<QueueState> {
    try {
      return await askQueue(this.#connection, route);
    } catch (error) {
      throw refused(error);
    }
  }

  /** How an existing queue differs from what a worker would declare; undefined when it does not. */
  async findClash(route: string, options: QueueOptions): Promise<string | undefined> {
    try {
      const channel = await this.#connection.openChannel();
      let difference: string | undefined;
      channel.onerror = (reason) => (difference = reason);
      const used = await declareQueue(this.#connection, channel, route, options);
      await used.close();
      return used === channel ? undefined : (difference ?? "its properties differ");
    } catch (error) {
      throw refused(error);
    }
  }

  /** How an existing queue differs from a record; undefined when it does not. Of a missing one it would make one. */
  async findMismatch(record: QueueRecord): Promise<string | undefined> {
    try {
      await declareTopology(this.#connection, [record]);
      return undefined;
    } catch (error) {
      if (error instanceof ConnectionRefusedError) return error.message;
      throw refused(error);
    }
  }

  /** Declares a queue of our own, sends a message through it and takes it out. Nothing stays. */
  async tryPrivateQueue(timeout: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const channel = await this.#connection.openChannel();
      const { name } = await channel.queueDeclare("", { exclusive: true, autoDelete: true });
      let onMessage: () => void = () => {};
      const arrived = new Promise<void>((resolve) => (onMessage = resolve));
      const late = new Promise((_, reject) => {
        const reason = new Error(`a message took longer than ${timeout} ms`);
        timer = setTimeout(() => reject(reason), timeout);
      });
      const consumer = await this.#connection.consume(channel, name, { noAck: true }, () =>
        onMessage(),
      );
      await channel.basicPublish("", name, "null");
      // oxlint-disable-next-line eslint/no-restricted-properties -- all belong to this trial
      await Promise.race([arrived, consumer.wait(), late]);
      await channel.queueDelete(name);
      await channel.close();
    } catch (error) {
      throw refused(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Makes a call as client and worker make it, the worker's rule of reply queues included.
   *
   * @returns undefined when the reply came back, else the name of the reply queue that the rule refuses
   * @throws BgtasksError when the broker refuses any of this, or when no reply came within `timeout` milliseconds
   */
  async tryReply(timeout: number): Promise<string | undefined> {
    const { settings } = this.#options;
    const guard = new ReplyToGuard(new ReplyToRule(settings.allowReplyTo), (signal) =>
      openAnyHost(this.#options, signal),
    );
    guard.begin(this.#connection);
    try {
      return await tryReplyRoundTrip(this.#connection, guard, timeout);
    } catch (error) {
      throw refused(error);
    } finally {
      await guard.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

function open({ host, port, tls }: BrokerHost, settings: ResolvedSettings): Socket {
  if (!tls) return connect({ host, port });
  // An address is no server name: https://www.rfc-editor.org/rfc/rfc6066#section-3
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTLS({ ...servername, ...(settings.tls as object), host, port });
}

/** The first frame, whole. */
function readFrame(socket: Socket): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let bytes = new Uint8Array();
    socket.on("connect", () => socket.write(PROTOCOL_HEADER));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the socket closed")));
    socket.on("data", (chunk: Uint8Array) => {
      bytes = Uint8Array.from([...bytes, ...chunk]);
      if (bytes.length < FRAME_HEADER) return;
      const protocol = foreignProtocol(bytes);
      if (protocol !== undefined) {
        reject(new Error(protocol));
        return;
      }
      const size = new DataView(bytes.buffer).getUint32(3);
      if (bytes.length > FRAME_HEADER + size) resolve(bytes);
    });
  });
}

function refused(error: unknown): BgtasksError {
  return new BgtasksError("broker_refused", `The broker refused: ${reasonOf(error)}`);
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : "unknown";
}
