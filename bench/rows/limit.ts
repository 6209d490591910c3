import { AMQPClient, type AMQPMessage } from "@cloudamqp/amqp-client";

import { echo, type Row, type Target } from "./row.ts";

/** What this library asks for by default, so that large bodies are compared at the same frame size. */
const FRAME_MAX = 131_072;
export const REPLY_TO = "amq.rabbitmq.reply-to";
const BUFFER_SIZE = 65_536;

const decoder = new TextDecoder();

/**
 * What is left of a call when everything is left out that a service needs: no deadline, no abort, no error, no check of
 * the input, no reconnect. As fast as the client library's own publish and ack go.
 */
export const limit: Row = {
  async openWorker(target) {
    const { route, prefetch } = target;
    const client = await connect(target);
    const channel = await client.channel();
    await channel.queueDeclare(route);
    await channel.basicQos(prefetch);
    await channel.basicConsume(route, { noAck: false }, (message) => {
      const { replyTo = "", correlationId = "" } = message.properties;
      const result = echo(parse(message));
      // Nothing else in it is a promise.
      if (result instanceof Promise) return;
      void channel.basicPublish("", replyTo, JSON.stringify(result), { correlationId });
      void channel.basicAck(message.deliveryTag);
    });
    return { close: () => client.close() };
  },

  async openClient(target) {
    const { route } = target;
    const client = await connect(target);
    const channel = await client.channel();
    const pending = new Map<string, (reply: unknown) => void>();
    let lastId = 0;
    await channel.basicConsume(REPLY_TO, { noAck: true }, (message) => {
      const { correlationId = "" } = message.properties;
      const resolve = pending.get(correlationId);
      pending.delete(correlationId);
      resolve?.(parse(message));
    });
    return {
      call: (input) =>
        new Promise((resolve) => {
          const correlationId = String(++lastId);
          pending.set(correlationId, resolve);
          void channel.basicPublish("", route, JSON.stringify(input), {
            correlationId,
            replyTo: REPLY_TO,
          });
        }),
      close: () => client.close(),
    };
  },
};

/** Connects with the same settings as this library. */
export async function connect({ url }: Target): Promise<AMQPClient> {
  const address = new URL(url);
  address.searchParams.set("frameMax", String(FRAME_MAX));
  const client = new CoalescingClient(address.href);
  await client.connect();
  client.socket?.setNoDelay(true);
  return client;
}

/** Reads the JSON of a message. */
export function parse({ body }: AMQPMessage): unknown {
  return JSON.parse(decoder.decode(body ?? undefined));
}

const SENT = Promise.resolve();

/** Sends what one turn of the event loop wrote in one write. */
class CoalescingClient extends AMQPClient {
  #buffer: Uint8Array = new Uint8Array(BUFFER_SIZE);
  #position = 0;
  #spare: Uint8Array[] = [];
  #scheduled = false;

  override send(bytes: Uint8Array): Promise<void> {
    if (this.#position + bytes.length > BUFFER_SIZE) this.#flush();
    if (bytes.length > BUFFER_SIZE) {
      // The library takes its buffer back when this resolves.
      return new Promise((resolve) => void this.socket?.write(bytes, () => resolve()));
    }
    this.#buffer.set(bytes, this.#position);
    this.#position += bytes.length;
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#onTurnEnd);
    }
    return SENT;
  }

  readonly #onTurnEnd = (): void => {
    this.#scheduled = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#position === 0) return;
    const buffer = this.#buffer;
    this.socket?.write(buffer.subarray(0, this.#position), () => this.#spare.push(buffer));
    this.#buffer = this.#spare.pop() ?? new Uint8Array(BUFFER_SIZE);
    this.#position = 0;
  }
}
