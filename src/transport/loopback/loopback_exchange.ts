import type { ExchangeRecord } from "../topology.ts";
import { matchesTopic } from "./topic.ts";

/** Where an exchange leads: a queue or another exchange. */
interface Way {
  readonly kind: "queue" | "exchange";
  readonly name: string;
  readonly key: string;
}

/** Sorts messages by the keys that its bindings have. */
export class LoopbackExchange {
  /** Where a message goes that no binding takes. */
  readonly alternate: string | undefined;
  readonly #type: ExchangeRecord["type"];
  readonly #ways: Way[] = [];

  constructor({ type, arguments: args }: Pick<ExchangeRecord, "type" | "arguments">) {
    this.#type = type;
    const alternate = args["alternate-exchange"];
    this.alternate = alternate === undefined ? undefined : String(alternate);
  }

  bind(way: Way): void {
    const isBound = this.#ways.some(
      ({ kind, name, key }) => kind === way.kind && name === way.name && key === way.key,
    );
    if (!isBound) this.#ways.push(way);
  }

  /** Where a message of a key goes. */
  waysOf(key: string): readonly Pick<Way, "kind" | "name">[] {
    return this.#ways.filter((way) => this.#matches(way.key, key));
  }

  #matches(pattern: string, key: string): boolean {
    if (this.#type === "fanout") return true;
    return this.#type === "topic" ? matchesTopic(pattern, key) : pattern === key;
  }
}
