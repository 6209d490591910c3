import { didYouMean } from "../../options/option_rules.ts";
import type { Binding, Inbox, Source, Target } from "../transport.ts";
import type { Message } from "../../messages/message.ts";
import { Hops } from "./hops.ts";
import { LoopbackExchange } from "./loopback_exchange.ts";
import type { LoopbackMessage } from "./loopback_message.ts";
import { LoopbackQueue } from "./loopback_queue.ts";

/** How many names a mistyped route is compared with. */
const MAX_SUGGESTIONS = 100;

/**
 * A broker in this process, for tests and single-process programs: what it answers, RabbitMQ answers. A message goes to
 * an exchange, from there to the queues that are bound to it, and from each queue to one of its consumers.
 */
export class LoopbackBroker {
  /** Serves routes that nobody declared a queue for. */
  standIn: StandIn | undefined;
  /** Sees what passes, for tests. */
  watcher: LoopbackWatcher | undefined;
  readonly hops: Hops = new Hops();
  /** Those that are open, by name. */
  readonly inboxes: Map<string, Inbox> = new Map();
  readonly #queues = new Map<string, LoopbackQueue>();
  readonly #exchanges = new Map<string, LoopbackExchange>();
  /** How to end what the stand-in serves, by route. */
  readonly #standingIn = new Map<string, () => void>();

  /** The queue of a name, if it was ever declared. */
  queue(name: string): LoopbackQueue | undefined {
    return this.#queues.get(name);
  }

  declare({ queue: name, bindings }: Pick<Source, "queue" | "bindings">): LoopbackQueue {
    let queue = this.#queues.get(name);
    if (!queue) this.#queues.set(name, (queue = new LoopbackQueue()));
    for (const { exchange, key } of bindings) this.declareExchange(exchange).bind(queue, key);
    return queue;
  }

  declareExchange({ name, type }: Binding["exchange"]): LoopbackExchange {
    let exchange = this.#exchanges.get(name);
    if (!exchange) this.#exchanges.set(name, (exchange = new LoopbackExchange(type)));
    return exchange;
  }

  /** Puts a message into the queues of its target; says false when there are none. */
  publish(message: LoopbackMessage, target: Target): boolean {
    const queues = this.#queuesOf(target);
    for (const queue of queues) queue.publish(message);
    return queues.length > 0;
  }

  #queuesOf({ exchange, key }: Target): readonly LoopbackQueue[] {
    if (exchange) return this.declareExchange(exchange).queuesOf(key);
    const queue = this.#findQueue(key);
    return queue ? [queue] : [];
  }

  /** Speaks of this process: there is no broker to look at. */
  whyUnroutable(route: string): string {
    const where = 'in this process, and the environment is "test"';
    return `no task of this name is registered ${where}${didYouMean(route, this.#servedRoutes())}`;
  }

  /** What somebody serves, as far as it is worth a look: there may be thousands, and each costs a comparison. */
  #servedRoutes(): string[] {
    const routes = [...(this.standIn?.routes() ?? [])].slice(0, MAX_SUGGESTIONS);
    for (const [name, { consumers }] of this.#queues) {
      if (routes.length >= MAX_SUGGESTIONS) break;
      if (consumers > 0) routes.push(name);
    }
    return routes;
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
    return this.declare({ queue: route, bindings: [] });
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
  onRequest(route: string, message: LoopbackMessage, proceed: () => void): boolean;
  /** A request found no queue. */
  onUnroutable(message: LoopbackMessage): void;
  /** A reply arrives at its caller. */
  onReply(reply: Message): void;
}

/** The loopback that everything in this process shares, as separate services share one broker. */
export const processLoopback: LoopbackBroker = new LoopbackBroker();
