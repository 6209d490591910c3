import type { ConnectionLostError } from "../../errors.ts";
import type {
  CallerEvents,
  CallerLink,
  IncomingReply,
  LinkStatus,
  OutgoingRequest,
} from "../transport.ts";
import type { LoopbackBroker } from "./loopback_broker.ts";
import type { LoopbackMessage } from "./loopback_queue.ts";

const NO_HEADERS = Object.freeze({});

/** The calling side of the loopback. */
export class LoopbackCaller implements CallerLink {
  status: LinkStatus = { state: "ready", host: "loopback" };
  readonly #broker: LoopbackBroker;
  readonly #events: CallerEvents;

  constructor(broker: LoopbackBroker, events: CallerEvents) {
    this.#broker = broker;
    this.#events = events;
    broker.hops.add(() => {
      if (this.status.state === "closed") return;
      events.onStatus(this.status);
      events.onReady();
    });
  }

  send({ route, correlationId, body, expiresAt, headers }: OutgoingRequest): boolean {
    if (this.status.state === "closed") return false;
    this.#broker.hops.add(() => {
      const message = {
        route,
        correlationId,
        body,
        headers: headers ?? NO_HEADERS,
        replyTo: this,
        expiresAt,
        redelivered: false,
      };
      const proceed = (): void => this.#route(message);
      if (!this.#broker.watcher?.onRequest(message, proceed)) proceed();
    });
    return true;
  }

  /** Brings a reply, as a network would: later, or never to a caller that left. */
  reply(reply: IncomingReply): void {
    this.#broker.hops.add(() => {
      if (this.status.state === "closed") return;
      this.#broker.watcher?.onReply(reply);
      this.#events.onReply(reply);
    });
  }

  /** Breaks the link, as networks do; it is back at once. */
  lose(error: ConnectionLostError): void {
    if (this.status.state === "closed") return;
    this.#events.onLost(error);
    this.#broker.hops.add(() => {
      if (this.status.state !== "closed") this.#events.onReady();
    });
  }

  countConsumers(route: string): Promise<number | undefined> {
    return Promise.resolve(this.#broker.queue(route)?.consumers ?? 0);
  }

  close(): Promise<void> {
    this.status = { state: "closed" };
    this.#events.onStatus(this.status);
    return Promise.resolve();
  }

  #route(message: LoopbackMessage): void {
    if (this.#broker.publish(message) || this.status.state === "closed") return;
    this.#broker.watcher?.onUnroutable(message);
    this.#events.onUnroutable(message.correlationId, this.#broker.whyUnroutable(message.route));
  }
}
