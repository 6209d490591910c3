import { didYouMean } from "../../options/option_rules.ts";
import type {
  CallerEvents,
  CallerLink,
  IncomingReply,
  LinkEvents,
  ServerLink,
  Transport,
} from "../transport.ts";
import { Hops } from "./hops.ts";
import { LoopbackCaller } from "./loopback_caller.ts";
import type { LoopbackMessage } from "./loopback_queue.ts";
import { LoopbackQueue } from "./loopback_queue.ts";
import { LoopbackServer } from "./loopback_server.ts";

/**
 * A broker in this process, for tests and single-process programs: what it answers, RabbitMQ answers. Bodies cross it as
 * bytes, so nothing passes here that a wire would not carry.
 */
export class LoopbackBroker implements Transport {
  /** Serves routes that nobody declared a queue for. */
  standIn: StandIn | undefined;
  /** Sees what passes, for tests. */
  watcher: LoopbackWatcher | undefined;
  readonly hops: Hops = new Hops();
  readonly #queues = new Map<string, LoopbackQueue>();
  /** How to end what the stand-in serves, by route. */
  readonly #standingIn = new Map<string, () => void>();

  openCaller(events: CallerEvents): CallerLink {
    return new LoopbackCaller(this, events);
  }

  openServer(events: LinkEvents): ServerLink {
    return new LoopbackServer(this, events);
  }

  /** The queue of a route, if it was ever declared. */
  queue(route: string): LoopbackQueue | undefined {
    return this.#queues.get(route);
  }

  declare(route: string): LoopbackQueue {
    let queue = this.#queues.get(route);
    if (!queue) this.#queues.set(route, (queue = new LoopbackQueue()));
    return queue;
  }

  /** Puts a message into its queue; says false when there is none. */
  publish(message: LoopbackMessage): boolean {
    const queue = this.#findQueue(message.route);
    queue?.publish(message);
    return queue !== undefined;
  }

  /** Speaks of this process: there is no broker to look at. */
  whyUnroutable(route: string): string {
    const known = [...(this.standIn?.routes() ?? []), ...this.#queues.keys()];
    const where = 'in this process, and the environment is "test"';
    return `no task of this name is registered ${where}${didYouMean(route, known)}`;
  }

  #findQueue(route: string): LoopbackQueue | undefined {
    const stop = this.#standingIn.get(route);
    if (stop && !this.standIn?.offers(route)) {
      stop();
      this.#standingIn.delete(route);
      this.#queues.delete(route);
    }
    const queue = this.#queues.get(route);
    if (queue || !this.standIn?.offers(route)) return queue;
    this.#standingIn.set(route, this.standIn.serve(route));
    return this.declare(route);
  }
}

/** Who answers where no worker was started, so that in a test registered tasks can be called at once. */
export interface StandIn {
  /** Whether it has a task for the route, now. */
  offers(route: string): boolean;
  /** All that it has tasks for, now. */
  routes(): Iterable<string>;
  /** Starts to serve the route; returns how to stop. */
  serve(route: string): () => void;
}

/** Who sees what passes through a loopback, and may hold requests up. */
export interface LoopbackWatcher {
  /** A request arrives. Whoever says true has taken it over, and may send it on its way by `proceed`. */
  onRequest(message: LoopbackMessage, proceed: () => void): boolean;
  /** A request found no queue. */
  onUnroutable(message: LoopbackMessage): void;
  /** A reply arrives at its caller. */
  onReply(reply: IncomingReply): void;
}

/** The loopback that everything in this process shares, as separate services share one broker. */
export const processLoopback: LoopbackBroker = new LoopbackBroker();
