import { clearTimeout, setTimeout } from "node:timers";

import type { AMQPChannel } from "@cloudamqp/amqp-client";

import type { TakenMessage } from "../queue_inspector.ts";
import type { BrokerConnection } from "./connection/broker_connection.ts";
import type { SentTo } from "./frames/frame_reader.ts";
import type { IncomingMessage } from "./frames/incoming_message.ts";

/** How often the broker is asked for a count that is expected to change. */
const MAX_LOOKS = 200;

/** How long messages may be on their way from their queue, in milliseconds. */
const PAUSE = 20;

/** How many acknowledgements a channel of RabbitMQ passes on to a quorum queue at once. A channel that is closed forgets the rest. */
const MAX_UNSETTLED = 30;

/**
 * Holds messages of a queue by one consumer, on a channel of its own. When the channel ends, the broker gives the messages of one
 * consumer back in their order. With `basic.get` each message has a consumer of its own, and they come back in any order.
 */
export class QueueHold {
  readonly queue: string;
  readonly #connection: BrokerConnection;
  readonly #channel: AMQPChannel;
  readonly #arrived: TakenMessage[] = [];
  /** How many messages came and were not acknowledged. */
  #held = 0;
  /** How many acknowledgements the queue may not know of. */
  #unsettled = 0;
  #onArrival: () => void = () => {};

  private constructor(connection: BrokerConnection, channel: AMQPChannel, queue: string) {
    this.#connection = connection;
    this.#channel = channel;
    this.queue = queue;
  }

  /** Takes the next messages; fewer than that when no more wait. */
  static async take(
    connection: BrokerConnection,
    queue: string,
    atMost: number,
  ): Promise<QueueHold> {
    const hold = new QueueHold(connection, await connection.openChannel(), queue);
    // Stopped as soon as it has them, so that no more come for those that are acknowledged.
    await hold.#consume(atMost, () => hold.#arrival(atMost));
    return hold;
  }

  /** What it took. */
  get messages(): readonly TakenMessage[] {
    return this.#arrived;
  }

  /** Whether all that it took was acknowledged. */
  get isEmpty(): boolean {
    return this.#held === 0;
  }

  /** Makes sure that the queue knows of all acknowledgements when the channel ends. */
  async settle(): Promise<void> {
    if (this.#unsettled <= MAX_UNSETTLED) return;
    // The queue answers another consumer when it knows of the first ones. The next answer comes when the channel has told it of the
    // others. A message that the consumer gets goes back as well.
    await this.#consume(1, () => Promise.resolve());
    await this.#count();
  }

  /**
   * Ends the channel: what was not acknowledged goes back. Resolves when it is in its queue.
   *
   * @param count asks how many messages wait in the queue, on another channel
   */
  async giveBack(count: (queue: string) => Promise<number>): Promise<void> {
    const expected = (await this.#count()) + this.#held;
    await this.#connection.answered(this.#channel.close());
    if (this.isEmpty) return;
    for (let look = 0; look < MAX_LOOKS && (await count(this.queue)) < expected; look++);
  }

  async #consume(prefetch: number, whileConsuming: () => Promise<void>): Promise<void> {
    await this.#connection.answered(this.#channel.basicQos(prefetch));
    const consumption = await this.#connection.consume(
      this.#channel,
      this.queue,
      { noAck: false },
      (message, to) => {
        this.#held++;
        this.#arrived.push(this.#toTaken(message, to));
        this.#onArrival();
      },
    );
    await whileConsuming();
    await consumption.cancel();
  }

  /** Waits for `goal` messages. Gives up when the queue is empty. */
  async #arrival(goal: number): Promise<void> {
    for (let look = 0; look < MAX_LOOKS && this.#held < goal; look++) {
      const held = this.#held;
      const waiting = await this.#count();
      await this.#pause(goal);
      if (waiting === 0 && this.#held === held) break;
    }
  }

  /** Waits for `goal` messages, for {@link PAUSE} at most. */
  async #pause(goal: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const arrival = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PAUSE);
      this.#onArrival = () => void (this.#held >= goal && resolve());
      this.#onArrival();
    });
    await this.#connection.answered(arrival).finally(() => clearTimeout(timer));
  }

  async #count(): Promise<number> {
    const asked = this.#channel.queueDeclare(this.queue, { passive: true });
    return (await this.#connection.answered(asked)).messageCount;
  }

  #toTaken(message: IncomingMessage, to: SentTo | undefined): TakenMessage {
    let isEnded = false;
    return {
      message,
      key: to?.key ?? "",
      ack: () => {
        if (isEnded || this.#channel.closed) return;
        isEnded = true;
        this.#held--;
        this.#unsettled++;
        this.#connection.outbox.ack(this.#channel.id, message.deliveryTag);
      },
    };
  }
}
