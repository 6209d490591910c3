import { AMQPClient } from "@cloudamqp/amqp-client";

/** A program on the broker that speaks AMQP byte by byte. */
export class HostileCaller implements AsyncDisposable {
  replies = 0;
  readonly channelId: number;
  readonly #client: AMQPClient;
  readonly #count: (queue: string) => Promise<number>;
  readonly #declare: (queue: string) => Promise<unknown>;
  #ended: Error | undefined;

  static async open(url: string): Promise<HostileCaller> {
    const client = new AMQPClient(`${url}?frameMax=131072`);
    await client.connect();
    client.socket?.setNoDelay(true);
    const [channel, other] = [await client.channel(), await client.channel()];
    const caller = new HostileCaller(
      client,
      channel.id,
      async (queue) => (await other.queueDeclare(queue, { passive: true })).messageCount,
      (queue) => other.queueDeclare(queue, { durable: true }),
    );
    client.onerror = (error) => caller.#end(error);
    channel.onerror = (reason) => caller.#end(new Error(reason));
    await channel.basicConsume("amq.rabbitmq.reply-to", { noAck: true }, () => {
      caller.replies++;
    });
    return caller;
  }

  private constructor(
    client: AMQPClient,
    channelId: number,
    count: (queue: string) => Promise<number>,
    declare: (queue: string) => Promise<unknown>,
  ) {
    this.#client = client;
    this.channelId = channelId;
    this.#count = count;
    this.#declare = declare;
  }

  /** Sends frames as they are. */
  publish(frames: Uint8Array): void {
    if (this.#ended) throw this.#ended;
    this.#client.socket?.write(frames);
  }

  /** How many messages of a queue no worker has. */
  count(queue: string): Promise<number> {
    if (this.#ended) throw this.#ended;
    return this.#count(queue);
  }

  async declare(queue: string): Promise<void> {
    await this.#declare(queue);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#client.closed) await this.#client.close();
  }

  #end(error: Error): void {
    this.#ended ??= new Error(`the broker ended the hostile connection: ${error.message}`);
  }
}
