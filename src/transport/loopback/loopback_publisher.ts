import type {
  LinkEvents,
  OutgoingMessage,
  Published,
  PublisherLink,
  Target,
} from "../transport.ts";
import type { LoopbackBroker } from "./loopback_broker.ts";
import { LoopbackMessage } from "./loopback_message.ts";

/** Publishes over the loopback, which confirms. */
export class LoopbackPublisher implements PublisherLink {
  readonly #broker: LoopbackBroker;
  readonly #events: LinkEvents;
  #closed = false;

  constructor(broker: LoopbackBroker, events: LinkEvents) {
    this.#broker = broker;
    this.#events = events;
    broker.hops.add(() => {
      if (!this.#closed) events.onStatus({ state: "ready", host: "loopback" });
    });
  }

  publish(message: OutgoingMessage, target: Target, _giveUpAt: number): Promise<Published> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve("unsent");
      this.#broker.hops.add(() => {
        const { id, type, contentType, body, headers } = message;
        const sent = new LoopbackMessage({ id, type, contentType, text: body, headers });
        const isRouted = this.#broker.publish(sent, target);
        // The confirm takes its way back.
        this.#broker.hops.add(() => resolve(isRouted ? "stored" : "unroutable"));
      });
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#events.onStatus({ state: "closed" });
    return Promise.resolve();
  }
}
