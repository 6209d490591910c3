import type { LinkEvents } from "../transport.ts";
import type { LoopbackBroker } from "./loopback_broker.ts";

/** What the links of the loopback have in common: each is ready at once, and until it is closed. */
export class LoopbackLink<Events extends LinkEvents = LinkEvents> {
  protected readonly broker: LoopbackBroker;
  protected readonly events: Events;
  protected isClosed = false;

  constructor(broker: LoopbackBroker, events: Events) {
    this.broker = broker;
    this.events = events;
    this.tellReady();
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.events.onStatus({ state: "closed" });
    return Promise.resolve();
  }

  protected tellReady(): void {
    this.whenOpen(() => this.events.onStatus({ state: "ready", host: "loopback" }));
  }

  /** Does something later, as a network would, unless the link is closed by then. */
  protected whenOpen(action: () => void): void {
    this.broker.hops.add(() => {
      if (!this.isClosed) action();
    });
  }
}
