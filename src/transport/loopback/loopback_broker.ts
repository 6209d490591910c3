import { didYouMean } from "../../options/option_rules.ts";
import type { Topology } from "../topology.ts";
import type { Inbox, Source, Target } from "../transport.ts";
import type { Message } from "../../messages/message.ts";
import { Hops } from "./hops.ts";
import { LoopbackExchange } from "./loopback_exchange.ts";
import type { LoopbackContent } from "./loopback_message.ts";
import { LoopbackMessage } from "./loopback_message.ts";
import type { DeathReason } from "./loopback_queue.ts";
import { LoopbackQueue } from "./loopback_queue.ts";
import type { QueuePolicy } from "./queue_policy.ts";
import { readPolicy } from "./queue_policy.ts";

/** How many names a mistyped route is compared with. */
const MAX_SUGGESTIONS = 100;

/**
 * A broker in this process, for tests and single-process programs: what it answers, RabbitMQ answers. A message goes to
 * an exchange, from there to the queues that are bound to it, and from each queue to one of its consumers.
 */
export class LoopbackBroker {
  /** Serve queues that nobody declared. */
  readonly standIns: Set<StandIn> = new Set();
  /** Sees what passes, for tests. */
  watcher: LoopbackWatcher | undefined;
  readonly hops: Hops = new Hops();
  /** Those that are open, by name. */
  readonly inboxes: Map<string, Inbox> = new Map();
  readonly #queues = new Map<string, LoopbackQueue>();
  readonly #exchanges = new Map<string, LoopbackExchange>();
  /** What stand-ins serve, by queue. */
  readonly #standingIn = new Map<
    string,
    { readonly standIn: StandIn; readonly stop: () => void }
  >();

  /** All queues by their names. */
  get queues(): ReadonlyMap<string, LoopbackQueue> {
    return this.#queues;
  }

  /** The queue of a name, if it was ever declared. */
  queue(name: string): LoopbackQueue | undefined {
    return this.#queues.get(name);
  }

  /** Declares what a source needs, and gives its queue. */
  declare({ queue: name, topology = [] }: Pick<Source, "queue" | "topology">): LoopbackQueue {
    this.declareTopology(topology);
    return this.#queues.get(name) ?? this.#declareQueue(name, {});
  }

  /** Declares what does not exist. @returns whether every queue is there that it expects */
  declareTopology(topology: Topology): boolean {
    for (const record of topology) {
      if (record.kind === "exchange") {
        if (!this.#exchanges.has(record.name))
          this.#exchanges.set(record.name, new LoopbackExchange(record));
      } else if (record.kind === "queue") {
        if (!this.#queues.has(record.name))
          this.#declareQueue(record.name, readPolicy(record.arguments));
      } else if (record.kind === "binding") {
        this.#exchanges.get(record.source)?.bind({ ...record.target, key: record.key });
      } else if (!this.#findQueue(record.name)) return false;
    }
    return true;
  }

  /** Puts a message into the queues of its target; says false when there are none. */
  publish(message: LoopbackMessage, target: Target): boolean {
    if (target.topology && !this.declareTopology(target.topology)) return false;
    const { exchange = "", key } = target;
    const queues = this.#queuesOf(exchange, key);
    // Each queue has its own, because it says where the message stands and when it leaves.
    for (const queue of queues)
      queue.publish(exchange === "" ? message : new LoopbackMessage({ ...message.content, key }));
    return queues.length > 0;
  }

  #declareQueue(name: string, policy: QueuePolicy): LoopbackQueue {
    const queue = new LoopbackQueue(policy, (message, reason) =>
      this.#onDead(name, policy, message, reason),
    );
    this.#queues.set(name, queue);
    return queue;
  }

  #onDead(
    queue: string,
    { deadLetterExchange: exchange, deadLetterKey }: QueuePolicy,
    { content }: LoopbackMessage,
    reason: DeathReason,
  ): void {
    if (exchange === undefined) return;
    const key = deadLetterKey ?? content.key ?? queue;
    const death = { queue, reason, time: new Date() };
    const headers = { ...content.headers, "x-death": [death, ...deathsOf(content, queue)] };
    this.publish(new LoopbackMessage({ ...content, headers, key }), { exchange, key });
  }

  #queuesOf(exchange: string, key: string): Iterable<LoopbackQueue> & { readonly length: number } {
    if (exchange === "") {
      const queue = this.#findQueue(key);
      return queue ? [queue] : [];
    }
    const found = new Set<LoopbackQueue>();
    this.#follow(exchange, key, found, new Set());
    return [...found];
  }

  /** Collects the queues that a message gets to, each once, whatever circles the exchanges form. */
  #follow(name: string, key: string, found: Set<LoopbackQueue>, seen: Set<string>): void {
    const exchange = this.#exchanges.get(name);
    if (!exchange || seen.has(name)) return;
    seen.add(name);
    const ways = exchange.waysOf(key);
    for (const way of ways) {
      const queue = way.kind === "queue" ? this.#queues.get(way.name) : undefined;
      if (queue) found.add(queue);
      else if (way.kind === "exchange") this.#follow(way.name, key, found, seen);
    }
    if (ways.length === 0 && exchange.alternate !== undefined)
      this.#follow(exchange.alternate, key, found, seen);
  }

  /** Speaks of this process: there is no broker to look at. */
  whyUnroutable(route: string): string {
    const where = 'in this process, and the environment is "test"';
    return `no task of this name is registered ${where}${didYouMean(route, this.#servedRoutes())}`;
  }

  /** What somebody serves, as far as it is worth a look: there may be thousands, and each costs a comparison. */
  #servedRoutes(): string[] {
    const routes = [...this.standIns].flatMap((standIn) => [...standIn.queues()]);
    routes.length = Math.min(routes.length, MAX_SUGGESTIONS);
    for (const [name, { consumers }] of this.#queues) {
      if (routes.length >= MAX_SUGGESTIONS) break;
      if (consumers > 0) routes.push(name);
    }
    return routes;
  }

  #findQueue(name: string): LoopbackQueue | undefined {
    const serving = this.#standingIn.get(name);
    if (serving && !serving.standIn.offers(name)) {
      serving.stop();
      this.#standingIn.delete(name);
      this.#queues.delete(name);
    }
    const queue = this.#queues.get(name);
    if (queue) return queue;
    for (const standIn of this.standIns) {
      if (!standIn.offers(name)) continue;
      this.#standingIn.set(name, { standIn, stop: standIn.serve(name) });
      return this.declare({ queue: name });
    }
    return undefined;
  }
}

/** What the broker wrote of earlier deaths, but those that this one counts for. */
function deathsOf({ headers }: LoopbackContent, queue: string): readonly unknown[] {
  const deaths = headers?.["x-death"];
  if (!Array.isArray(deaths)) return [];
  return deaths.filter((death: { readonly queue?: unknown }) => death.queue !== queue);
}

/** Who serves where no worker was started, so that in a test registered tasks run at once. */
export interface StandIn {
  /** Whether it has a task whose messages are in this queue, now. */
  offers(queue: string): boolean;
  /** All the queues that it has tasks for, now. */
  queues(): Iterable<string>;
  /** Starts to serve a queue; returns how to stop. */
  serve(queue: string): () => void;
}

/** Who sees what passes through a loopback, and may hold requests up. */
export interface LoopbackWatcher {
  /** A request arrives. Whoever says true has taken it over, and may send it on its way by `proceed`. */
  onRequest(route: string, message: LoopbackMessage, proceed: () => void): boolean;
  /** A message is published that nobody replies to. */
  onPublish(message: LoopbackMessage, target: Target): void;
  /** A request found no queue. */
  onUnroutable(message: LoopbackMessage): void;
  /** A reply arrives at its caller. */
  onReply(reply: Message): void;
}

/** The loopback that everything in this process shares, as separate services share one broker. */
export const processLoopback: LoopbackBroker = new LoopbackBroker();
