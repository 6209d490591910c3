import type { AMQPChannel } from "@cloudamqp/amqp-client";

import { BgtasksError } from "../../errors.ts";
import type { ResolvedSettings } from "../../settings/settings.ts";
import type { QueueCounts, QueueInspector, TakenMessage } from "../queue_inspector.ts";
import type { BrokerConnection } from "./connection/broker_connection.ts";
import { toConnectionError } from "./connection/broker_errors.ts";
import { openAnyHost } from "./connection/open_any_host.ts";
import type { IncomingMessage } from "./frames/incoming_message.ts";
import { askQueue } from "./topology/queue_state.ts";

/** Whoever waits for the answer to one question for a message. */
interface Question {
  readonly resolve: (taken: TakenMessage | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** Looks into queues of RabbitMQ: one connection, one channel. */
export class AMQPInspector implements QueueInspector {
  readonly #connection: BrokerConnection;
  readonly #channel: AMQPChannel;
  /** The broker answers in order. */
  #questions: Question[] = [];
  /** The tags of what was not ended, in the order in which it was taken. */
  readonly #taken = new Set<number>();
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
    connection.onGot(channel, (message, to) =>
      this.#questions.shift()?.resolve(message && this.#take(message, to?.key ?? "")),
    );
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
    // One by one: a quorum queue would put back what a lost channel had in any order.
    if (!this.#end)
      for (const tag of this.#taken) this.#connection.outbox.requeue(this.#channel.id, tag);
    try {
      // Its answer comes after the broker has read the ends of all messages.
      await this.#answered(this.#end ? Promise.reject(this.#end) : this.#channel.close());
    } finally {
      await this.#connection.close();
    }
  }

  #ask(queue: string): Promise<TakenMessage | undefined> {
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#questions.push({ resolve, reject });
      this.#connection.outbox.get(this.#channel.id, queue);
    });
  }

  #take(message: IncomingMessage, key: string): TakenMessage {
    const { deliveryTag } = message;
    const { outbox } = this.#connection;
    const { id } = this.#channel;
    const isOurs = (): boolean => this.#taken.delete(deliveryTag) && !this.#channel.closed;
    this.#taken.add(deliveryTag);
    return {
      message,
      key,
      ack() {
        if (isOurs()) outbox.ack(id, deliveryTag);
      },
      release() {
        if (isOurs()) outbox.requeue(id, deliveryTag);
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
