import { BgtasksError } from "../../errors.ts";
import type { ResolvedSettings } from "../../settings/settings.ts";
import type { QueueCounts, QueueInspector, TakenMessage } from "../queue_inspector.ts";
import type { BrokerConnection } from "./connection/broker_connection.ts";
import { toConnectionError } from "./connection/broker_errors.ts";
import { openAnyHost } from "./connection/open_any_host.ts";
import { QueueHold } from "./queue_hold.ts";
import { askQueue } from "./topology/queue_state.ts";

/** Looks into queues of RabbitMQ: one connection, and a channel for each hold. */
export class AMQPInspector implements QueueInspector {
  readonly #connection: BrokerConnection;
  /** In the order in which they were taken. */
  readonly #holds: QueueHold[] = [];

  static async open(settings: ResolvedSettings): Promise<AMQPInspector> {
    const options = {
      settings,
      name: `${settings.name} inspector`,
      keepsProcessAlive: true,
      readsTargets: true,
    };
    return new AMQPInspector(await openAnyHost(options, new AbortController().signal));
  }

  private constructor(connection: BrokerConnection) {
    this.#connection = connection;
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
    return this.#answered(this.#take(queue, atMost));
  }

  async close(): Promise<void> {
    try {
      await this.#answered(this.#giveBack(this.#holds));
    } finally {
      await this.#connection.close();
    }
  }

  async #take(queue: string, atMost: number): Promise<readonly TakenMessage[]> {
    if (this.#holds.at(-1)?.isEmpty) await this.#giveBack(this.#holds.splice(-1));
    const hold = await QueueHold.take(this.#connection, queue, atMost);
    this.#holds.push(hold);
    return hold.messages;
  }

  /** One after the other, so that all messages are in their order again. */
  async #giveBack(holds: readonly QueueHold[]): Promise<void> {
    if (holds.length === 0) return;
    const channel = await this.#connection.openChannel();
    const count = async (queue: string): Promise<number> => {
      const asked = channel.queueDeclare(queue, { passive: true });
      return (await this.#connection.answered(asked)).messageCount;
    };
    // First, because what is back may come to whoever settles.
    for (const hold of holds) await hold.settle();
    for (const hold of holds) await hold.giveBack(count);
    await this.#connection.answered(channel.close());
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
