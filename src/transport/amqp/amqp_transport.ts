import type { ResolvedSettings } from "../../settings.ts";
import type { CallerEvents, CallerLink, LinkEvents, ServerLink, Transport } from "../transport.ts";
import { AMQPCaller } from "./amqp_caller.ts";
import { AMQPServer } from "./amqp_server.ts";

/** RabbitMQ as a transport. Callers and servers get separate connections, so that a blocked publisher starves no consumer. */
export class AMQPTransport implements Transport {
  readonly #settings: ResolvedSettings;

  constructor(settings: ResolvedSettings) {
    this.#settings = settings;
  }

  openCaller(events: CallerEvents): CallerLink {
    return new AMQPCaller(this.#settings, events);
  }

  openServer(events: LinkEvents): ServerLink {
    return new AMQPServer(this.#settings, events);
  }
}
