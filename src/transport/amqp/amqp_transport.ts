import type { ResolvedSettings } from "../../settings/settings.ts";
import type { QueueInspector } from "../queue_inspector.ts";
import type {
  CallerEvents,
  CallerLink,
  ConsumerLink,
  LinkEvents,
  PublisherLink,
  Transport,
} from "../transport.ts";
import { AMQPCaller } from "./amqp_caller.ts";
import { AMQPConsumer } from "./amqp_consumer.ts";
import { AMQPInspector } from "./amqp_inspector.ts";
import { AMQPPublisher } from "./amqp_publisher.ts";

/** RabbitMQ as a transport. Each link has a connection of its own, so that a blocked publisher starves no consumer. */
export class AMQPTransport implements Transport {
  readonly #settings: ResolvedSettings;

  constructor(settings: ResolvedSettings) {
    this.#settings = settings;
  }

  openCaller(events: CallerEvents): CallerLink {
    return new AMQPCaller(this.#settings, events);
  }

  openPublisher(events: LinkEvents): PublisherLink {
    return new AMQPPublisher(this.#settings, events);
  }

  openConsumer(events: LinkEvents): ConsumerLink {
    return new AMQPConsumer(this.#settings, events);
  }

  openInspector(): Promise<QueueInspector> {
    return AMQPInspector.open(this.#settings);
  }
}
