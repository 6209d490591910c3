import type { AMQPChannel } from "@cloudamqp/amqp-client";

import type { BrokerConnection } from "../connection/broker_connection.ts";
import { NOT_FOUND, reasonOf, replyCode } from "../connection/broker_errors.ts";

/** So many channels may be open for questions at a time. */
const MAX_CHANNELS = 5;

/** So many questions are out on one channel at a time, and once one was refused, fewer: all behind it are asked again. */
const [MAX_OUT, MAX_OUT_AFTER_REFUSAL] = [500, 50];

interface Question {
  readonly route: string;
  readonly answer: (consumers: number | undefined) => void;
}

/**
 * Asks the broker of one connection how many consumers queues have. What is asked in one turn goes out together, on one
 * channel that stays open. Only a queue that does not exist closes it; what was asked behind such a queue is asked again,
 * then on several channels, as there may be more of its kind.
 */
export class ConsumerCounter {
  readonly connection: BrokerConnection;
  /** Questions under way, so that a thousand calls of one route that time out together ask once. */
  readonly #asked = new Map<string, Promise<number | undefined>>();
  #waiting: Question[] = [];
  #channels = 0;
  #allowed = 1;
  /** The channel that nobody uses at the moment. */
  #spare: AMQPChannel | undefined;

  constructor(connection: BrokerConnection) {
    this.connection = connection;
  }

  /** 0 for a queue that does not exist, `undefined` when the broker does not tell. Never rejects. */
  count(route: string): Promise<number | undefined> {
    let asked = this.#asked.get(route);
    if (!asked) {
      asked = new Promise((resolve) => {
        const answer = (consumers: number | undefined): void => {
          this.#asked.delete(route);
          resolve(consumers);
        };
        this.#waiting.push({ route, answer });
      });
      this.#asked.set(route, asked);
      if (this.#channels < this.#allowed) void this.#work();
    }
    return asked;
  }

  /** Asks what waits, on one channel at a time. */
  async #work(): Promise<void> {
    this.#channels++;
    // What else is asked in this turn comes along.
    await Promise.resolve();
    let channel = this.#spare;
    this.#spare = undefined;
    try {
      while (this.#waiting.length > 0) {
        if (!channel || channel.closed) channel = await this.connection.openChannel();
        await this.#ask(channel, this.#waiting.splice(0, this.#share()));
      }
    } catch {
      // No channel to be had: those that have one go on, and without any nobody can tell.
      if (this.#channels === 1) for (const { answer } of this.#waiting.splice(0)) answer(undefined);
    }
    this.#channels--;
    if (this.#channels === 0) this.#allowed = 1;
    if (!channel || channel.closed) return;
    if (this.#spare) await this.connection.answered(channel.close()).catch(() => {});
    else this.#spare = channel;
  }

  /** How many questions one channel takes. The rest of several channels' questions is shared out among them. */
  #share(): number {
    if (this.#allowed === 1) return MAX_OUT;
    return Math.min(MAX_OUT_AFTER_REFUSAL, Math.ceil(this.#waiting.length / MAX_CHANNELS));
  }

  // The broker answers in order, and closes the channel at the first that it cannot answer.
  async #ask(channel: AMQPChannel, questions: readonly Question[]): Promise<void> {
    const replies = await Promise.allSettled(
      questions.map(({ route }) =>
        this.connection.answered(channel.queueDeclare(route, { passive: true })),
      ),
    );
    const refused = replies.findIndex(({ status }) => status === "rejected");
    for (const [index, reply] of replies.entries()) {
      if (reply.status === "fulfilled") questions[index]?.answer(reply.value.consumerCount);
      // Of others, e.g. a queue that belongs to one connection alone (405), the broker tells nothing.
      else if (index === refused)
        questions[index]?.answer(replyCode(reasonOf(reply.reason)) === NOT_FOUND ? 0 : undefined);
    }
    if (refused === -1) return;
    this.#waiting.push(...questions.slice(refused + 1));
    this.#allowed = MAX_CHANNELS;
    while (this.#channels < Math.min(MAX_CHANNELS, this.#waiting.length)) void this.#work();
  }
}
