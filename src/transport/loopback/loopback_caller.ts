import type { ConnectionLostError } from "../../errors.ts";
import type { CallerEvents, CallerLink, LinkStatus, OutgoingRequest } from "../transport.ts";
import type { LoopbackBroker } from "./loopback_broker.ts";
import type { ReplyTarget } from "./loopback_message.ts";
import { LoopbackMessage } from "./loopback_message.ts";

const READY: LinkStatus = { state: "ready", host: "loopback" };

/** Sends requests over the loopback. */
export class LoopbackCaller implements CallerLink, ReplyTarget {
  readonly #broker: LoopbackBroker;
  readonly #events: CallerEvents;
  #closed = false;

  constructor(broker: LoopbackBroker, events: CallerEvents) {
    this.#broker = broker;
    this.#events = events;
    this.#whenOpen(() => events.onStatus(READY));
  }

  send({ route, correlationId, contentType, body, expiresAt, headers }: OutgoingRequest): boolean {
    if (this.#closed) return false;
    const message = new LoopbackMessage({
      correlationId,
      contentType,
      text: body,
      headers,
      replyTo: this,
      expiresAt,
    });
    this.#broker.hops.add(() => {
      const { watcher } = this.#broker;
      if (!watcher) return this.#route(route, message);
      const proceed = (): void => this.#route(route, message);
      if (!watcher.onRequest(route, message, proceed)) proceed();
    });
    return true;
  }

  /** Brings a reply, as a network would: later, or never to a caller that left. */
  reply(reply: LoopbackMessage): void {
    this.#whenOpen(() => {
      this.#broker.watcher?.onReply(reply);
      this.#events.onReply(reply);
    });
  }

  lose(error: ConnectionLostError): void {
    if (this.#closed) return;
    this.#events.onLost(error);
    this.#whenOpen(() => this.#events.onStatus(READY));
  }

  countConsumers(queue: string): Promise<number | undefined> {
    return Promise.resolve(this.#broker.queue(queue)?.consumers ?? 0);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#events.onStatus({ state: "closed" });
    return Promise.resolve();
  }

  #route(route: string, message: LoopbackMessage): void {
    if (this.#broker.publish(message, { key: route }) || this.#closed) return;
    this.#broker.watcher?.onUnroutable(message);
    this.#events.onUnroutable(message.correlationId ?? "", this.#broker.whyUnroutable(route));
  }

  #whenOpen(action: () => void): void {
    this.#broker.hops.add(() => {
      if (!this.#closed) action();
    });
  }
}
