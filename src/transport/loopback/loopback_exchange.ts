import type { Exchange } from "../transport.ts";
import type { LoopbackQueue } from "./loopback_queue.ts";
import { matchesTopic } from "./topic.ts";

/** Sorts messages into the queues that are bound to it. */
export class LoopbackExchange {
  readonly #type: Exchange["type"];
  readonly #bindings: { readonly queue: LoopbackQueue; readonly key: string }[] = [];

  constructor(type: Exchange["type"]) {
    this.#type = type;
  }

  bind(queue: LoopbackQueue, key: string): void {
    const isBound = this.#bindings.some((other) => other.queue === queue && other.key === key);
    if (!isBound) this.#bindings.push({ queue, key });
  }

  /** The queues that get a message of a key, each once. */
  queuesOf(key: string): readonly LoopbackQueue[] {
    const matching = this.#bindings.filter((binding) => this.#matches(binding.key, key));
    return [...new Set(matching.map(({ queue }) => queue))];
  }

  #matches(pattern: string, key: string): boolean {
    if (this.#type === "fanout") return true;
    return this.#type === "topic" ? matchesTopic(pattern, key) : pattern === key;
  }
}
