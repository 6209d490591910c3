import { RPCClient, TaskRegistry, Worker } from "../../mod.ts";
import type { Row } from "./row.ts";
import { connect, parse, REPLY_TO } from "./limit.ts";

/** How much one stream carries, in UTF-16 units of JSON; those of peers, which send a message for each item, less. */
const [STREAM_SIZE, PEER_STREAM_SIZE] = [512 * 1_024, 32 * 1_024];

/** Frames of the limit are as long as ours, and have as many items. */
const [FRAME_SIZE, FRAME_ITEMS] = [64 * 1_024, 1_000];

/** How many items of this size make up a stream. */
export function itemsOf(item: unknown): number {
  return Math.floor(STREAM_SIZE / JSON.stringify(item).length);
}

/** The same of a peer's stream. */
export function fewItemsOf(item: unknown): number {
  return Math.floor(PEER_STREAM_SIZE / JSON.stringify(item).length);
}

/** One item, for the time until it is there. */
export function oneItem(): number {
  return 1;
}

/** Streams of this library: a call takes all items of one, and resolves with the last. */
export function streams(count: (item: unknown) => number): Row {
  return {
    async openWorker({ url, route, prefetch }) {
      const registry = new TaskRegistry();
      registry(route, async function* (item: unknown) {
        for (let n = count(item); n > 0; n--) yield item;
      });
      const worker = new Worker({ registry, concurrency: prefetch, settings: { url } });
      await worker.start();
      return { close: () => worker.stop() };
    },

    openClient({ url, route }) {
      const client = new RPCClient({ settings: { url } });
      return Promise.resolve({
        async call(input) {
          let last: unknown;
          for await (const item of client.stream(route, input)) last = item;
          return last;
        },
        close: () => client.close(),
      });
    },
  };
}

/**
 * What is left of a stream when everything is left out that a service needs: no credit, no cancel, no order, no error. The
 * frames have as many items as ours, and each item is written and read as JSON.
 *
 * @param isIterated whether items come from an async generator, and are read by a loop, as ours are: what the language takes for that
 */
export function streamsLimit(count: (item: unknown) => number, isIterated = false): Row {
  return {
    async openWorker(target) {
      const { route, prefetch } = target;
      const client = await connect(target);
      const channel = await client.channel();
      await channel.queueDeclare(route);
      await channel.basicQos(prefetch);
      await channel.basicConsume(route, { noAck: false }, (message) => {
        const { replyTo = "", correlationId = "" } = message.properties;
        const item = parse(message);
        const send = (texts: readonly string[], type: string): void =>
          void channel.basicPublish("", replyTo, `[${texts.join(",")}]`, { correlationId, type });
        let frame: string[] = [];
        let length = 0;
        let left = count(item);
        if (isIterated) {
          void sendItems(generate(item, left), send).then(() =>
            channel.basicAck(message.deliveryTag),
          );
          return;
        }
        // A frame in each turn, as a worker with other work to do.
        const sendFrame = (): void => {
          while (left > 0 && frame.length < FRAME_ITEMS && length < FRAME_SIZE) {
            const text = JSON.stringify(item);
            frame.push(text);
            length += text.length + 1;
            left--;
          }
          send(frame, left === 0 ? "end" : "items");
          [frame, length] = [[], 0];
          if (left > 0) setImmediate(sendFrame);
          else void channel.basicAck(message.deliveryTag);
        };
        sendFrame();
      });
      return { close: () => client.close() };
    },

    async openClient(target) {
      const { route } = target;
      const client = await connect(target);
      const channel = await client.channel();
      const pending = new Map<string, (last: unknown) => void>();
      let lastId = 0;
      let iterated: Promise<unknown> = Promise.resolve();
      await channel.basicConsume(REPLY_TO, { noAck: true }, (message) => {
        const { correlationId = "", type } = message.properties;
        const items = parse(message) as unknown[];
        if (isIterated) iterated = iterated.then(() => readItems(items));
        if (type !== "end") return;
        const resolve = pending.get(correlationId);
        pending.delete(correlationId);
        void iterated.then(() => resolve?.(items.at(-1)));
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
}

async function* generate(item: unknown, count: number): AsyncGenerator<unknown, void> {
  for (let n = count; n > 0; n--) yield item;
}

/** Sends what a generator gives, in frames as above. */
async function sendItems(
  items: AsyncIterable<unknown>,
  send: (texts: readonly string[], type: string) => void,
): Promise<void> {
  let [frame, length]: [string[], number] = [[], 0];
  for await (const item of items) {
    if (frame.length >= FRAME_ITEMS || length >= FRAME_SIZE) {
      send(frame, "items");
      [frame, length] = [[], 0];
      await new Promise(setImmediate);
    }
    const text = JSON.stringify(item);
    frame.push(text);
    length += text.length + 1;
  }
  send(frame, "end");
}

/** Reads items as a program does that takes them one by one. */
async function readItems(items: readonly unknown[]): Promise<unknown> {
  let next = 0;
  const reader: AsyncIterableIterator<unknown> = {
    next: () => Promise.resolve({ done: next === items.length, value: items[next++] }),
    [Symbol.asyncIterator]: () => reader,
  };
  let last: unknown;
  for await (const item of reader) last = item;
  return last;
}
