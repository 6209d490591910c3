import { clearTimeout, setTimeout } from "node:timers";

import { ClosedError } from "../../errors.ts";
import { logger } from "../../log.ts";
import type { BrokerConnection } from "./broker_connection.ts";
import { describe, replyCode } from "./broker_errors.ts";
import type { ReplyToRule } from "./reply_to_rule.ts";
import { isDirectReplyTo } from "./reply_to_rule.ts";

const log = logger("amqp");

/** How many names to remember. A caller uses one for all its calls. */
const MEMORY = 10_000;

/** How long the broker may take to answer a trial, in milliseconds: other callers wait for it. */
const TRIAL_TIMEOUT = 2_000;

/** How often to try a name when the connection ends for another reason, or the broker does not answer. */
const ATTEMPTS = 3;

/** How the broker ends the connection of whoever publishes to a name that it cannot resolve. */
const INTERNAL_ERROR = "541";

/**
 * Tells which reply queues a worker may publish into: the rule's word, and for direct reply-to names the broker's too.
 *
 * Such a name holds a process of the broker in an encoded form. RabbitMQ 3.10 ends the connection (541) of whoever
 * publishes to one that it cannot resolve, and then delivers the request again, so that one hostile caller would stop a
 * worker for good. Whether a name resolves only the broker knows. So each new name is tried once, with another key so
 * that nobody gets a message, on a connection that may break. A passive declare would ask the same, but waits for ever
 * when the name is that of a process which does not answer.
 */
export class ReplyToGuard {
  readonly #rule: ReplyToRule;
  readonly #openConnection: () => Promise<BrokerConnection>;
  #verdicts = new Map<string, boolean | Promise<boolean | undefined>>();
  /** One name at a time: else it would be unknown which of them broke the connection. */
  #lastTrial: Promise<unknown> = Promise.resolve();
  #connection: BrokerConnection | undefined;
  #trying = false;
  #closing = false;

  constructor(rule: ReplyToRule, openConnection: () => Promise<BrokerConnection>) {
    this.#rule = rule;
    this.#openConnection = openConnection;
  }

  /** Whether replies may go there; a promise for a name that has to be tried, of `undefined` if the broker did not say. */
  allows(name: string): boolean | Promise<boolean | undefined> {
    const known = this.#verdicts.get(name);
    if (known !== undefined) return known;
    if (this.#verdicts.size >= MEMORY) this.#verdicts.clear();
    const verdict =
      this.#rule.allows(name) && (isDirectReplyTo(name) ? this.#enqueueTrial(name) : true);
    this.#verdicts.set(name, verdict);
    return verdict;
  }

  /**
   * Forgets what it knows, as the worker's connection was lost: perhaps of a name that was good once, and no longer is
   * since its node of the cluster died.
   */
  forget(): void {
    // A new map, so that trials under way do not enter what they find into it.
    this.#verdicts = new Map();
  }

  async close(): Promise<void> {
    this.#closing = true;
    // The broker may block the trial for long.
    if (this.#trying) this.#connection?.destroy(new ClosedError("The worker was stopped"));
    await this.#lastTrial;
    await this.#connection?.close();
  }

  #enqueueTrial(name: string): Promise<boolean | undefined> {
    const trial = this.#lastTrial.then(() => this.#try(name));
    this.#lastTrial = trial;
    const verdicts = this.#verdicts;
    void trial.then((verdict) => {
      if (verdict === undefined) verdicts.delete(name);
      else verdicts.set(name, verdict);
    });
    return trial;
  }

  /** What the broker makes of a name; `undefined` when it did not say, so that the next request asks again. */
  async #try(name: string): Promise<boolean | undefined> {
    for (let attempt = 1; attempt <= ATTEMPTS && !this.#closing; attempt++) {
      let connection: BrokerConnection;
      try {
        connection = await this.#connect();
      } catch (error) {
        // Without a connection to spare, e.g. at the user's limit, a stranger's name is the smaller risk.
        log.warn("cannot try a reply queue: {reason}", { reason: describe(error) });
        return true;
      }
      if (this.#closing) break;
      this.#trying = true;
      const outcome = await publishTrial(connection, withOtherKey(name));
      this.#trying = false;
      if (outcome !== "lost") return outcome === "taken";
    }
    return undefined;
  }

  async #connect(): Promise<BrokerConnection> {
    if (!this.#connection || this.#connection.isLost)
      this.#connection = await this.#openConnection();
    return this.#connection;
  }
}

/** Publishes to a reply queue that is nobody's, on a connection that may break of it. */
async function publishTrial(
  connection: BrokerConnection,
  replyTo: string,
): Promise<"taken" | "refused" | "lost"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const startClock = (): void => {
    timer = setTimeout(() => connection.destroy(new Error("no answer")), TRIAL_TIMEOUT);
  };
  // While it blocks publishers, the broker reads no trial; the replies have to wait for the same.
  connection.onBlocked = (reason) => {
    clearTimeout(timer);
    if (reason === undefined) startClock();
  };
  startClock();
  try {
    const channel = await connection.openChannel();
    const publish = { routingKey: replyTo, mandatory: false, properties: {} };
    connection.outbox.publish(channel.id, publish, "");
    // Answered after the publish, by the same process of the broker.
    await connection.answered(channel.close());
    return "taken";
  } catch (error) {
    return replyCode(describe(error)) === INTERNAL_ERROR ? "refused" : "lost";
  } finally {
    clearTimeout(timer);
    connection.onBlocked = undefined;
  }
}

/** The name of the same process, with a key that it does not know. */
function withOtherKey(name: string): string {
  return `${name.slice(0, name.lastIndexOf("."))}.AAAAAAAAAAAAAAAAAAAAAA==`;
}
