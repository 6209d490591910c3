import type { Delivered, FakeLink } from "./fake_link.ts";

/** Who takes a queue's messages. */
export interface FakeConsumer {
  readonly link: FakeLink;
  readonly channel: number;
  readonly tag: string;
  readonly noAck: boolean;
}

interface Waiting extends Delivered {
  /** By `performance.now()`. */
  readonly expiresAt: number;
}

interface Queue {
  readonly messages: Waiting[];
  consumers: FakeConsumer[];
  turn: number;
}

interface Unacknowledged {
  readonly queue: string;
  readonly tag: string;
  readonly message: Waiting;
}

/** The queues of a fake broker: in order, to consumers in turn, each up to its channel's prefetch. */
export class FakeQueues {
  readonly #queues = new Map<string, Queue>();
  readonly #timeToLive: (expiration: number) => number;
  /** By link and channel. */
  readonly #prefetch = new Map<FakeLink, Map<number, number>>();
  readonly #unacknowledged = new Map<FakeLink, Map<number, Map<number, Unacknowledged>>>();

  constructor(timeToLive: (expiration: number) => number) {
    this.#timeToLive = timeToLive;
  }

  has(name: string): boolean {
    return this.#queues.has(name);
  }

  /** Makes sure that a queue is there, and tells how it stands. */
  declare(name: string): { readonly messages: number; readonly consumers: number } {
    let queue = this.#queues.get(name);
    if (!queue) this.#queues.set(name, (queue = { messages: [], consumers: [], turn: 0 }));
    return { messages: queue.messages.length, consumers: queue.consumers.length };
  }

  /** Deletes a queue and cancels its consumers. @returns how many messages it had */
  delete(name: string): number {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    for (const { link, tag } of queue?.consumers ?? []) link.cancel(tag);
    return queue?.messages.length ?? 0;
  }

  subscribe(name: string, consumer: FakeConsumer): void {
    this.declare(name);
    this.#queues.get(name)?.consumers.push(consumer);
    this.#hand(name);
  }

  unsubscribe(link: FakeLink, tag: string): void {
    for (const queue of this.#queues.values())
      queue.consumers = queue.consumers.filter((other) => other.link !== link || other.tag !== tag);
  }

  setPrefetch(link: FakeLink, channel: number, prefetch: number): void {
    entry(this.#prefetch, link).set(channel, prefetch);
  }

  /** Takes a message; says false when there is no such queue. */
  publish(name: string, message: Delivered): boolean {
    const queue = this.#queues.get(name);
    if (!queue) return false;
    const { expiration } = message.properties ?? {};
    const ttl = expiration === undefined ? Infinity : this.#timeToLive(Number(expiration));
    if (ttl > 0) queue.messages.push({ ...message, expiresAt: performance.now() + ttl });
    this.#hand(name);
    return true;
  }

  /** Ends a delivery; given back, it is the first again. */
  settle(link: FakeLink, channel: number, deliveryTag: number, requeue: boolean): void {
    const ofChannel = this.#unacknowledged.get(link)?.get(channel);
    const delivery = ofChannel?.get(deliveryTag);
    if (!delivery) return;
    ofChannel?.delete(deliveryTag);
    if (requeue) this.#putBack(delivery);
    this.#hand(delivery.queue);
  }

  /** Gives back what a channel had, and takes no more for it. */
  closeChannel(link: FakeLink, channel: number): void {
    for (const [tag, consumer] of link.consumers) {
      if (consumer.channel !== channel) continue;
      link.consumers.delete(tag);
      this.unsubscribe(link, tag);
    }
    const had = [...(this.#unacknowledged.get(link)?.get(channel)?.values() ?? [])];
    this.#unacknowledged.get(link)?.delete(channel);
    for (const delivery of had.reverse()) this.#putBack(delivery);
    for (const { queue } of had) this.#hand(queue);
  }

  /** The same for a whole connection. */
  drop(link: FakeLink): void {
    for (const tag of link.consumers.keys()) this.unsubscribe(link, tag);
    const channels = [...(this.#unacknowledged.get(link)?.keys() ?? [])];
    for (const channel of channels) this.closeChannel(link, channel);
    this.#unacknowledged.delete(link);
    this.#prefetch.delete(link);
  }

  #putBack({ queue, message }: Unacknowledged): void {
    this.#queues.get(queue)?.messages.unshift({ ...message, redelivered: true });
  }

  #hand(name: string): void {
    const queue = this.#queues.get(name);
    for (let message = queue?.messages[0]; queue && message; message = queue.messages[0]) {
      if (message.expiresAt > performance.now() || message.expiresAt === Infinity) {
        const consumer = this.#nextWithRoom(queue);
        if (!consumer) return;
        queue.messages.shift();
        this.#deliver(name, consumer, message);
      } else {
        queue.messages.shift();
      }
    }
  }

  #deliver(queue: string, consumer: FakeConsumer, message: Waiting): void {
    const { link, channel, tag, noAck } = consumer;
    const deliveryTag = link.deliver(channel, tag, message);
    if (noAck) return;
    const ofLink = entry(this.#unacknowledged, link);
    let ofChannel = ofLink.get(channel);
    if (!ofChannel) ofLink.set(channel, (ofChannel = new Map()));
    ofChannel.set(deliveryTag, { queue, tag, message });
  }

  #nextWithRoom(queue: Queue): FakeConsumer | undefined {
    const { consumers } = queue;
    for (let i = 0; i < consumers.length; i++) {
      const consumer = consumers[queue.turn++ % consumers.length];
      if (!consumer) continue;
      const limit = this.#prefetch.get(consumer.link)?.get(consumer.channel) || Infinity;
      const out = this.#unacknowledged.get(consumer.link)?.get(consumer.channel)?.size ?? 0;
      if (out < limit) return consumer;
    }
    return undefined;
  }
}

function entry<V>(map: Map<FakeLink, Map<number, V>>, link: FakeLink): Map<number, V> {
  let found = map.get(link);
  if (!found) map.set(link, (found = new Map()));
  return found;
}
