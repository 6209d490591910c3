import { clearTimeout, setTimeout } from "node:timers";

import { BgtasksError, ConnectionLostError, ConnectionRefusedError } from "../../errors.ts";
import { logger } from "../../log.ts";
import type { BrokerHost } from "../../settings.ts";
import type { LinkStatus } from "../transport.ts";
import type { ConnectionOptions } from "./broker_connection.ts";
import { BrokerConnection } from "./broker_connection.ts";
import { toConnectionError } from "./broker_errors.ts";

const log = logger("amqp");

/**
 * Time for a cluster that lost a node to choose new leaders of the quorum queues that were led there, in milliseconds. What
 * a new channel publishes to such a queue before that, RabbitMQ 3.10 delivers never, and nothing that follows either.
 */
const ELECTION_TIME = 1_000;

/** What runs on a connection. */
export interface Session {
  /** Settles when the session has to be set up again though its connection stands, e.g. as its channel was closed. */
  readonly lost: Promise<unknown>;
}

/** Who works on the supervised connection. */
export interface SupervisedWork {
  /** Declares and consumes what is needed; called again after every loss of the connection or the session. */
  setUp(connection: BrokerConnection): Promise<Session>;
  /** The session is there. */
  onReady(): void;
  /** The session or its connection is gone. */
  onLost(error: BgtasksError): void;
  onStatus(status: LinkStatus): void;
}

/** Keeps one connection to the broker: connects, sets up, and does so again after every loss, with growing pauses. */
export class Supervisor {
  #status: LinkStatus = { state: "connecting", attempt: 1 };
  readonly #options: ConnectionOptions;
  readonly #work: SupervisedWork;
  #connection: BrokerConnection | undefined;
  #running: Promise<void> | undefined;
  #closing = false;
  #endPause: (() => void) | undefined;

  constructor(options: ConnectionOptions, work: SupervisedWork) {
    this.#options = options;
    this.#work = work;
  }

  get status(): LinkStatus {
    return this.#status;
  }

  /** Starts, or starts again after the broker had refused us; without effect while it runs. */
  start(): void {
    if (this.#closing) return;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Opens a connection beside the supervised one, which nobody watches and which keeps no process alive. */
  openAnother(name: string): Promise<BrokerConnection> {
    return this.#openAny({ ...this.#options, name, keepsProcessAlive: false });
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#endPause?.();
    await this.#connection?.close();
    await this.#running;
    this.#setStatus({ state: "closed" });
  }

  async #run(): Promise<void> {
    const { hosts, reconnect } = this.#options.settings;
    const { attempts, max } = reconnect;
    let attempt = 1;
    // Connections in a row that did not stand for long: each of them lengthens the pause as a failed attempt does.
    let shortLived = 0;
    while (!this.#closing) {
      this.#setStatus({ state: "connecting", attempt });
      let readySince = Infinity;
      const error = await this.#connectOnce(() => {
        attempt = 0;
        readySince = performance.now();
      });
      if (this.#closing) return;
      if (error instanceof ConnectionRefusedError) return this.#refuse(error);
      if (attempt >= attempts) return this.#refuse(giveUp(error, attempt));
      if (attempt === 0) shortLived = performance.now() - readySince < max ? shortLived + 1 : 0;
      const atLeast = attempt === 0 && hosts.length > 1 ? ELECTION_TIME : 0;
      await this.#pause(attempt + shortLived, error, atLeast);
      attempt++;
    }
  }

  /** Works on one connection until it ends; tells why it did. */
  async #connectOnce(onReady: () => void): Promise<BgtasksError> {
    try {
      const connection = await this.#openAny(this.#options);
      this.#connection = connection;
      // Closed meanwhile: close() did not see this connection.
      if (this.#closing) await connection.close();
      while (!connection.isLost && !this.#closing) await this.#runSession(connection, onReady);
      return await connection.lost;
    } catch (error) {
      this.#connection?.destroy(new Error("setting up failed"));
      return error instanceof BgtasksError
        ? error
        : toConnectionError(error, this.#connection?.host ?? "");
    } finally {
      this.#connection = undefined;
    }
  }

  async #runSession(connection: BrokerConnection, onReady: () => void): Promise<void> {
    const { host } = connection;
    // The broker's word comes before the answers of setUp.
    let blocked: string | undefined;
    const tellStatus = (): void => {
      this.#setStatus(
        blocked === undefined
          ? { state: "ready", host }
          : { state: "blocked", host, reason: blocked },
      );
    };
    connection.onBlocked = (reason) => {
      blocked = reason;
      if (this.#status.state !== "ready" && this.#status.state !== "blocked") return;
      tellStatus();
      if (reason === undefined) this.#work.onReady();
    };
    const session = await Promise.race([this.#work.setUp(connection), connection.lost]);
    if (!("lost" in session)) return;
    onReady();
    tellStatus();
    if (blocked === undefined) this.#work.onReady();
    const error = await Promise.race([connection.lost, session.lost]);
    if (this.#closing) return;
    const reason = toConnectionError(error, host);
    this.#work.onLost(reason);
    // E.g. without the permission to publish: a new channel would be closed as this one was.
    if (reason instanceof ConnectionRefusedError) throw reason;
    // The connection stands, so what closed the channel may close the next one too.
    if (!connection.isLost) await this.#pause(1, reason);
  }

  // The hosts in random order, so that the clients of a cluster spread over it.
  async #openAny(options: ConnectionOptions): Promise<BrokerConnection> {
    const errors: unknown[] = [];
    for (const host of shuffled(options.settings.hosts)) {
      try {
        return await BrokerConnection.open(host, options);
      } catch (error) {
        if (error instanceof ConnectionRefusedError || this.#closing) throw error;
        errors.push(error);
      }
    }
    throw errors.length === 1 ? errors[0] : new ConnectionLostError(errors.map(String).join("; "));
  }

  // Full jitter: after a restart of the broker its clients come back one by one, not all at once.
  async #pause(attempt: number, error: BgtasksError, atLeast = 0): Promise<void> {
    const { initial, max } = this.#options.settings.reconnect;
    const limit = Math.min(max, initial * 2 ** Math.min(attempt, 30));
    const delay = Math.round(atLeast + Math.random() * limit);
    this.#setStatus({ state: "waiting", attempt, delay, error });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay);
      if (!this.#options.keepsProcessAlive) timer.unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = undefined;
  }

  #refuse(error: BgtasksError): void {
    this.#setStatus({ state: "refused", error });
  }

  #setStatus(status: LinkStatus): void {
    this.#status = status;
    logStatus(this.#options.name, status);
    this.#work.onStatus(status);
  }
}

function giveUp(error: BgtasksError, attempts: number): BgtasksError {
  return new ConnectionLostError(`${error.message} (gave up after ${attempts} attempts)`);
}

function shuffled(hosts: readonly BrokerHost[]): BrokerHost[] {
  return hosts
    .map((host) => ({ host, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ host }) => host);
}

function logStatus(name: string, status: LinkStatus): void {
  switch (status.state) {
    case "ready":
      return log.info("{name}: connected to {host}", { name, host: status.host });
    case "blocked":
      return log.warn("{name}: blocked by {host}: {reason}", {
        name,
        host: status.host,
        reason: status.reason,
      });
    case "waiting":
      return log.warn("{name}: {message}; next attempt in {delay} ms", {
        name,
        message: status.error.message,
        delay: status.delay,
      });
    case "refused":
      return log.error("{name}: {message}", { name, message: status.error.message });
    case "idle":
    case "connecting":
    case "closed":
      return log.debug("{name}: {state}", { name, state: status.state });
  }
}
