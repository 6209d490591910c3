import type { QueueInspector } from "../queue_inspector.ts";
import type {
  CallerEvents,
  CallerLink,
  ConsumerLink,
  LinkEvents,
  PublisherLink,
  Transport,
} from "../transport.ts";
import type { LoopbackBroker } from "./loopback_broker.ts";
import { LoopbackCaller } from "./loopback_caller.ts";
import { LoopbackConsumer } from "./loopback_consumer.ts";
import { LoopbackInspector } from "./loopback_inspector.ts";
import { LoopbackPublisher } from "./loopback_publisher.ts";

/** A broker in this process as a transport. */
export class LoopbackTransport implements Transport {
  readonly #broker: LoopbackBroker;

  constructor(broker: LoopbackBroker) {
    this.#broker = broker;
  }

  openCaller(events: CallerEvents): CallerLink {
    return new LoopbackCaller(this.#broker, events);
  }

  openPublisher(events: LinkEvents): PublisherLink {
    return new LoopbackPublisher(this.#broker, events);
  }

  openConsumer(events: LinkEvents): ConsumerLink {
    return new LoopbackConsumer(this.#broker, events);
  }

  openInspector(): Promise<QueueInspector> {
    return Promise.resolve(new LoopbackInspector(this.#broker));
  }
}
