import { clearTimeout, setTimeout } from "node:timers";

import { BgtasksError, ConnectionLostError, ConnectionRefusedError } from "../../../errors.ts";
import { logger } from "../../../log.ts";
import { MAX_TIMEOUT } from "../../../time/max_timeout.ts";
import type { Goodbye, LinkStatus } from "../../transport.ts";
import type { BrokerConnection } from "./broker_connection.ts";
import { toConnectionError } from "./broker_errors.ts";
import { openAnyHost } from "./open_any_host.ts";
import type { ConnectionOptions } from "./socket_client.ts";

const log = logger("amqp");

/**
 * Minimum pause before reconnecting to a cluster, so that it can elect leaders of its quorum queues, in milliseconds.
 * RabbitMQ 3.10 loses everything that a channel sends to such a queue if its first publish comes before the election.
 */
const ELECTION_TIME = 1_000;

/** A connection or session that lasted this long counts as healthy: its end starts the pauses over. In milliseconds. */
const STABLE_TIME = 2_000;

/** Two links whose silences before the end differ by less than this share were probably cut by the same idle timeout. */
const ALIKE = 0.1;

/** What runs on a connection. */
export interface Session {
  /** Settles when the session has to be set up again though its connection stands, e.g. because its channel was closed. */
  readonly lost: Promise<unknown>;
}

/** Who works on the supervised connection. */
export interface KeptWork {
  /** Declares and consumes what is needed; called again after every loss of the connection or the session. */
  setUp(connection: BrokerConnection): Promise<Session>;
  /** The session or its connection is gone. */
  onLost(error: BgtasksError): void;
  onStatus(status: LinkStatus): void;
}

/** How one connection ended. */
interface Ending {
  readonly error: BgtasksError;
  /** How long it was ready, in milliseconds; undefined when it never was. */
  readonly readyFor: number | undefined;
}

/** Keeps one connection to the broker: connects, sets up, and does so again after every loss, with growing pauses. */
export class ConnectionKeeper {
  #status: LinkStatus = { state: "connecting", attempt: 1 };
  readonly #options: ConnectionOptions;
  readonly #work: KeptWork;
  readonly #closing = new AbortController();
  #connection: BrokerConnection | undefined;
  #running: Promise<void> | undefined;
  #endPause: (() => void) | undefined;
  /** How long the broker had been silent when the last link ended, in milliseconds. */
  #lastSilence: number | undefined;

  constructor(options: ConnectionOptions, work: KeptWork) {
    this.#options = options;
    this.#work = work;
  }

  get status(): LinkStatus {
    return this.#status;
  }

  /** Starts, or starts again after the broker had refused us; without effect while it runs. */
  start(): void {
    if (!this.#isClosing) this.#running ??= this.#keepConnected();
  }

  /** Opens a connection beside the supervised one, which nobody watches and which keeps no process alive. */
  openAnother(name: string, signal: AbortSignal): Promise<BrokerConnection> {
    return openAnyHost({ ...this.#options, name, keepsProcessAlive: false }, signal);
  }

  async close(goodbye?: Goodbye): Promise<void> {
    this.#closing.abort();
    this.#endPause?.();
    await this.#connection?.close(goodbye);
    await this.#running;
    this.#setStatus({ state: "closed" });
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  async #keepConnected(): Promise<void> {
    const refusal = await this.#run();
    // Before the status: a listener may call `start()` at once.
    this.#running = undefined;
    if (refusal && !this.#isClosing) this.#setStatus({ state: "refused", error: refusal });
  }

  /** Connects again and again. @returns why it stopped, unless it was closed */
  async #run(): Promise<BgtasksError | undefined> {
    const { attempts } = this.#options.settings.reconnect;
    let attempt = 1;
    // How many connections in a row ended early. Each lengthens the pause, as a failed attempt does.
    let shortLived = 0;
    while (!this.#isClosing) {
      this.#setStatus({ state: "connecting", attempt });
      const { error, readyFor } = await this.#connectOnce();
      if (this.#isClosing) return undefined;
      if (error instanceof ConnectionRefusedError) return error;
      if (readyFor !== undefined) {
        attempt = 0;
        shortLived = readyFor < STABLE_TIME ? shortLived + 1 : 0;
      } else if (attempt >= attempts) return giveUp(error, attempt);
      const atLeast = attempt === 0 && this.#options.settings.hosts.length > 1 ? ELECTION_TIME : 0;
      await this.#pause(attempt + shortLived, error, atLeast);
      attempt++;
    }
    return undefined;
  }

  /** Works on one connection until it ends. */
  async #connectOnce(): Promise<Ending> {
    let readySince: number | undefined;
    let connection: BrokerConnection | undefined;
    const endedBy = (error: BgtasksError): Ending => {
      return { error, readyFor: readySince && performance.now() - readySince };
    };
    try {
      connection = await openAnyHost(this.#options, this.#closing.signal);
      this.#connection = connection;
      // `close()` ran while this connection opened, so it did not close it.
      if (this.#isClosing) connection.destroy(new Error("closed"));
      const onReady = (): void => void (readySince ??= performance.now());
      for (let failures = 1; !connection.isLost && !this.#isClosing; failures++) {
        const startedAt = performance.now();
        const reason = await this.#runSession(connection, onReady);
        if (connection.isLost || this.#isClosing || !reason) break;
        if (performance.now() - startedAt > STABLE_TIME) failures = 1;
        // Pause: what closed this channel may close the next one, too.
        await connection.answered(this.#pause(failures, reason)).catch(() => this.#endPause?.());
      }
      const error = await connection.lost;
      this.#explainCut(connection);
      return endedBy(error);
    } catch (error) {
      connection?.destroy(new Error("setting up failed"));
      return endedBy(
        error instanceof BgtasksError ? error : toConnectionError(error, connection?.host ?? ""),
      );
    } finally {
      this.#connection = undefined;
    }
  }

  /** Works on one session until it ends. @returns why it did, if it was ever ready */
  async #runSession(
    connection: BrokerConnection,
    onReady: () => void,
  ): Promise<BgtasksError | undefined> {
    const { host } = connection;
    // The broker may have blocked us already, and it tells so before it answers `setUp`.
    let { blocked } = connection;
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
    };
    let session: Session;
    try {
      session = await connection.answered(this.#work.setUp(connection));
    } catch (error) {
      if (connection.isLost) return undefined;
      throw error;
    }
    onReady();
    tellStatus();
    const end = await connection.answered(session.lost).catch((error: unknown) => error);
    if (this.#isClosing) return undefined;
    const reason = toConnectionError(end, host);
    this.#work.onLost(reason);
    // A new channel would be closed for the same reason, e.g. a missing permission to publish.
    if (reason instanceof ConnectionRefusedError) throw reason;
    return reason;
  }

  // Full jitter: after a restart of the broker its clients come back one by one, not all at once.
  async #pause(attempt: number, error: BgtasksError, atLeast = 0): Promise<void> {
    const { initial, max } = this.#options.settings.reconnect;
    const limit = Math.min(max, initial * 2 ** Math.min(attempt, 30));
    const delay = Math.min(MAX_TIMEOUT, Math.round(atLeast + Math.random() * limit));
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

  /** Warns when two links in a row ended after the same silence: a proxy with an idle timeout is the likely cause. */
  #explainCut({ silenceBeforeEnd: silence }: BrokerConnection): void {
    const { name, settings } = this.#options;
    const last = this.#lastSilence;
    this.#lastSilence = silence;
    const longest = settings.heartbeatSeconds * 1_000;
    if (last === undefined || silence < 1_000 || silence > longest) return;
    if (Math.abs(silence - last) > ALIKE * silence) return;
    const seconds = silence / 1_000;
    log.warn(
      "{name}: cut again after {seconds} s of silence, as by the idle timeout of a proxy: set heartbeatSeconds to at most {heartbeat}",
      { name, seconds: Number(seconds.toFixed(1)), heartbeat: Math.max(1, Math.floor(seconds)) },
    );
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
