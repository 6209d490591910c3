import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { BgtasksError } from "../../errors.ts";
import type { ResolvedSettings } from "../../settings/settings.ts";
import type { QueueCounts, QueueInspector, TakenMessage } from "../queue_inspector.ts";
import type { BrokerConnection } from "./connection/broker_connection.ts";
import { toConnectionError } from "./connection/broker_errors.ts";
import { openAnyHost } from "./connection/open_any_host.ts";
import type { IncomingMessage } from "./frames/incoming_message.ts";
import { askQueue } from "./topology/queue_state.ts";

/**
 * A channel of RabbitMQ tells a quorum queue of 32 ends at once. It keeps those that come meanwhile, and forgets them when it
 * is closed. The answer to a get comes when the queue knows of all that it was told: one for the first 32, one for those
 * that were kept, and one to spare.
 */
const [MAX_UNSETTLED, SETTLING_GETS] = [30, 3];

/** How often the broker is asked whether a message is back; after that the order is left to chance. */
const MAX_LOOKS = 200;

/** Whoever waits for the answer to one question for a message. */
interface Question {
  readonly queue: string;
  readonly resolve: (taken: TakenMessage | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** Looks into queues of RabbitMQ: one connection, one channel. */
export class AMQPInspector implements QueueInspector {
  readonly #connection: BrokerConnection;
  readonly #channel: AMQPChannel;
  /** The broker answers in order. */
  #questions: Question[] = [];
  /** The queues of what was not ended, by its tag, in the order in which it was taken. */
  readonly #taken = new Map<number, string>();
  /** How many messages of each queue were acknowledged. */
  readonly #acknowledged = new Map<string, number>();
  #end: Error | undefined;

  static async open(settings: ResolvedSettings): Promise<AMQPInspector> {
    const options = { settings, name: `${settings.name} inspector`, keepsProcessAlive: true };
    const connection = await openAnyHost(options, new AbortController().signal);
    try {
      return new AMQPInspector(connection, await connection.openChannel());
    } catch (error) {
      connection.destroy(new Error("setting up failed"));
      throw toConnectionError(error, connection.host);
    }
  }

  private constructor(connection: BrokerConnection, channel: AMQPChannel) {
    this.#connection = connection;
    this.#channel = channel;
    channel.onerror = (reason) => this.#onClosed(new Error(reason));
    connection.onGot(channel, (message, to) => {
      const question = this.#questions.shift();
      question?.resolve(message && this.#take(question.queue, message, to?.key ?? ""));
    });
  }

  async find(queue: string): Promise<QueueCounts | undefined> {
    const state = await this.#answered(askQueue(this.#connection, queue));
    if (state.kind === "missing") return undefined;
    if (state.kind === "there") return { messages: state.messages, consumers: state.consumers };
    throw new BgtasksError(
      "broker_refused",
      `Cannot look into the queue "${queue}", because it belongs to another connection alone`,
    );
  }

  async take(queue: string, atMost: number): Promise<readonly TakenMessage[]> {
    const answers = Array.from({ length: atMost }, () => this.#ask(queue));
    const taken = await this.#answered(Promise.all(answers));
    return taken.filter((one) => one !== undefined);
  }

  async close(): Promise<void> {
    try {
      for (const [queue, ends] of this.#acknowledged)
        for (let asked = 0; ends > MAX_UNSETTLED && asked < SETTLING_GETS; asked++)
          await this.take(queue, 1);
      await this.#giveBack();
      // Its answer comes after the broker has read the ends of all messages.
      await this.#answered(this.#end ? Promise.reject(this.#end) : this.#channel.close());
    } finally {
      await this.#connection.close();
    }
  }

  /**
   * Gives back one after the other. What the broker's channel keeps meanwhile it would tell the queue in any order: it sorts
   * ends by consumer, and each get is a consumer of its own.
   */
  async #giveBack(): Promise<void> {
    for (const [tag, queue] of this.#taken) {
      const before = await this.#count(queue);
      this.#connection.outbox.requeue(this.#channel.id, tag);
      for (let look = 0; look < MAX_LOOKS && (await this.#count(queue)) <= before; look++);
    }
  }

  /** How many messages wait in a queue that exists. */
  async #count(queue: string): Promise<number> {
    if (this.#end) throw toConnectionError(this.#end, this.#connection.host);
    return (await this.#answered(this.#channel.queueDeclare(queue, { passive: true })))
      .messageCount;
  }

  #ask(queue: string): Promise<TakenMessage | undefined> {
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#questions.push({ queue, resolve, reject });
      this.#connection.outbox.get(this.#channel.id, queue);
    });
  }

  #take(queue: string, message: IncomingMessage, key: string): TakenMessage {
    const { deliveryTag } = message;
    const { outbox } = this.#connection;
    const { id } = this.#channel;
    this.#taken.set(deliveryTag, queue);
    return {
      message,
      key,
      ack: () => {
        if (!this.#taken.delete(deliveryTag) || this.#channel.closed) return;
        this.#acknowledged.set(queue, (this.#acknowledged.get(queue) ?? 0) + 1);
        outbox.ack(id, deliveryTag);
      },
    };
  }

  #onClosed(reason: Error): void {
    this.#end = reason;
    for (const { reject } of this.#questions) reject(reason);
    this.#questions = [];
  }

  /** @throws ConnectionLostError or ConnectionRefusedError */
  async #answered<T>(answer: Promise<T>): Promise<T> {
    try {
      return await this.#connection.answered(answer);
    } catch (error) {
      throw toConnectionError(error, this.#connection.host);
    }
  }
}
