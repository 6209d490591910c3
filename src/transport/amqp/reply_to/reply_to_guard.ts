import { clearTimeout, setTimeout } from "node:timers";

import { ClosedError } from "../../../errors.ts";
import { logger } from "../../../log.ts";
import type { BrokerConnection } from "../connection/broker_connection.ts";
import { reasonOf } from "../connection/broker_errors.ts";
import { askQueue } from "../topology/queue_state.ts";
import type { ReplyToRule } from "./reply_to_rule.ts";
import { learnOwnNode, tryName } from "./reply_to_trial.ts";

const log = logger("amqp");

/** How many names to remember, and how many findings. A caller uses one name for all its calls, and nodes are few. */
const [MAX_NAMES, MAX_FINDINGS] = [10_000, 1_000];

/** How long it holds that a client reads a queue, in milliseconds. */
const SHORT_MEMORY = 10_000;

/**
 * How long a refusal holds, in milliseconds. A node that restarts and a client that connects again come back under the
 * name that was refused when they were away. What they send within this time is lost.
 */
const REFUSAL_MEMORY = 2_000;

/** How long to do without a connection for trials when the broker gave us none, in milliseconds. */
const CONNECT_PAUSE = 1_000;

/** How long to keep a connection for trials that nobody needs, in milliseconds; more than a trial takes. */
const IDLE_TIMEOUT = 10_000;

/**
 * How many nodes may wait for their trial: more than a cluster has. Each holds one of the requests that may be here at a
 * time, and RabbitMQ 4.0 keeps silent about an unknown node for two seconds.
 */
const MAX_WAITING = 10;

/** How often to try a name when the connection ends for another reason. */
const ATTEMPTS = 3;

/** Whether replies may go somewhere; `undefined` when the broker did not say. */
export type Verdict = boolean | undefined;

/** The same, and until when it holds, by `performance.now()`. */
type Finding = { readonly allowed: boolean; readonly until: number } | undefined;

/**
 * Tells which reply queues a worker may publish into: the rule's word, and where the name's form leaves it open the
 * broker's.
 *
 * **Direct reply-to names** hold a process of the broker in an encoded form. RabbitMQ 3.10 ends the connection (541) of
 * whoever publishes to one that it cannot resolve, and then delivers the request again, so that one hostile caller would
 * stop a worker for good; RabbitMQ 4.0 keeps silent for seconds. Whether a name resolves depends on its node. The worker's
 * own node is learned first, so that its callers wait for nobody. Each other node is tried on a connection that may break: once
 * if it resolves, and else again later, because it may be back. A passive declare would ask the same, but waits for ever when the name is that of a process which does not answer.
 *
 * **Queues that a client named** are taken while they are exclusive to another connection: nobody but that client reads
 * them.
 */
export class ReplyToGuard {
  readonly #rule: ReplyToRule;
  readonly #openAnother: (signal: AbortSignal) => Promise<BrokerConnection>;
  readonly #closing = new AbortController();
  /** What the worker replies on. */
  #connection: BrokerConnection | undefined;
  #ownNode: Promise<string | undefined> | undefined;
  /** Names whose verdict holds as long as the connection does. */
  #names = new Map<string, boolean>();
  /** What the broker said of nodes and of queues, or is being asked. */
  #findings = new Map<string, Finding | Promise<Verdict>>();
  /** One at a time: else it would be unknown which of them broke the connection. */
  #lastTrial: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #lastInspection: Promise<unknown> = Promise.resolve();
  #trialConnection: BrokerConnection | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  /** By `performance.now()`. */
  #noConnectionUntil = 0;

  constructor(rule: ReplyToRule, openAnother: (signal: AbortSignal) => Promise<BrokerConnection>) {
    this.#rule = rule;
    this.#openAnother = openAnother;
  }

  /** Whether replies may go there; a promise for a name that the broker is asked about. */
  allows(name: string): boolean | Promise<Verdict> {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const queue = this.#rule.judge(name);
    if (queue.kind === "named") return this.#recall(`queue ${name}`, () => this.#askForQueue(name));
    if (queue.kind === "process") {
      const { node } = queue;
      const verdict = this.#recall(`node ${node}`, () => this.#askForNode(node, name));
      // What was refused may be good in a while.
      return verdict === true ? this.#remember(name, true) : verdict;
    }
    return this.#remember(name, queue.kind === "allowed");
  }

  /** Begins with the connection that replies go out on. */
  begin(connection: BrokerConnection): void {
    this.#connection = connection;
    this.#ownNode = undefined;
    // New maps, so that what is under way does not enter what it finds: a node that was good may have left the cluster,
    // which is perhaps why the connection was lost.
    this.#names = new Map();
    this.#findings = new Map();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#closeTrials();
    await this.#lastTrial;
    // One that began before it could hear of the end.
    this.#closeTrials();
  }

  #remember(name: string, allowed: boolean): boolean {
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(name, allowed);
    return allowed;
  }

  /** What is known of a node or a queue, or else what `ask` finds out. */
  #recall(key: string, ask: () => Promise<Finding>): boolean | Promise<Verdict> {
    const findings = this.#findings;
    const known = findings.get(key);
    if (known instanceof Promise) return known;
    if (known && performance.now() < known.until) return known.allowed;
    if (findings.size >= MAX_FINDINGS) makeRoom(findings);
    const verdict = ask().then((finding) => {
      if (finding) findings.set(key, finding);
      else findings.delete(key);
      return finding?.allowed;
    });
    findings.set(key, verdict);
    return verdict;
  }

  async #askForNode(node: string, name: string): Promise<Finding> {
    const connection = this.#connection;
    if (connection) {
      this.#ownNode ??= learnOwnNode(connection);
      if ((await this.#ownNode) === node) return { allowed: true, until: Infinity };
    }
    if (this.#waiting >= MAX_WAITING) return undefined;
    this.#waiting++;
    const trial = this.#lastTrial.then(() => this.#try(name)).finally(() => this.#waiting--);
    this.#lastTrial = trial;
    return await trial;
  }

  async #try(name: string): Promise<Finding> {
    for (let attempt = 1; attempt <= ATTEMPTS && !this.#closing.signal.aborted; attempt++) {
      const connection = await this.#openTrials();
      if (!connection) return undefined;
      const outcome = await tryName(connection, name);
      if (outcome === "resolved") return { allowed: true, until: Infinity };
      // Silence: perhaps it is only slow; but to ask again at once would hold up everybody else.
      if (outcome) return briefly(false);
    }
    return undefined;
  }

  /** A connection to try names on, for as long as there are any to try; undefined when there is none to spare. */
  async #openTrials(): Promise<BrokerConnection | undefined> {
    clearTimeout(this.#idleTimer);
    if (!this.#trialConnection || this.#trialConnection.isLost) {
      if (performance.now() < this.#noConnectionUntil) return undefined;
      try {
        this.#trialConnection = await this.#openAnother(this.#closing.signal);
      } catch (error) {
        this.#noConnectionUntil = performance.now() + CONNECT_PAUSE;
        log.warn("cannot try reply queues: {reason}", { reason: reasonOf(error) });
        return undefined;
      }
    }
    this.#idleTimer = setTimeout(() => this.#closeTrials(), IDLE_TIMEOUT);
    this.#idleTimer.unref();
    return this.#trialConnection;
  }

  #closeTrials(): void {
    clearTimeout(this.#idleTimer);
    this.#trialConnection?.destroy(new ClosedError("Nothing is left to try"));
    this.#trialConnection = undefined;
  }

  async #askForQueue(name: string): Promise<Finding> {
    const connection = this.#connection;
    const answer = this.#lastInspection.then(() => connection && askQueue(connection, name));
    this.#lastInspection = answer.catch(() => {});
    const state = await answer.catch(() => undefined);
    return state && briefly(state.kind === "exclusive elsewhere");
  }
}

function briefly(allowed: boolean): Finding {
  return { allowed, until: performance.now() + (allowed ? SHORT_MEMORY : REFUSAL_MEMORY) };
}

/** Makes room: what a stranger can make up without an end goes, and what is good for the connection's life stays. */
function makeRoom(findings: Map<string, Finding | Promise<Verdict>>): void {
  for (const [key, finding] of findings) {
    if (finding instanceof Promise || (finding?.allowed && finding.until === Infinity)) continue;
    findings.delete(key);
  }
}
