import type { TopologyArguments } from "../topology.ts";

/** What the arguments of a queue say of its messages. */
export interface QueuePolicy {
  /** How long a message waits before it is a dead letter, in milliseconds. */
  readonly messageTTL?: number | undefined;
  /** How often a message may come back; the next time it is a dead letter. */
  readonly deliveryLimit?: number | undefined;
  /** Where dead letters go; without one they are dropped. Empty for the queue that the key names. */
  readonly deadLetterExchange?: string | undefined;
  /** The key of dead letters; without one they keep their own. */
  readonly deadLetterKey?: string | undefined;
}

/** Reads the arguments of a declaration. */
export function readPolicy(args: TopologyArguments): QueuePolicy {
  return {
    messageTTL: numberOf(args["x-message-ttl"]),
    deliveryLimit: numberOf(args["x-delivery-limit"]),
    deadLetterExchange: textOf(args["x-dead-letter-exchange"]),
    deadLetterKey: textOf(args["x-dead-letter-routing-key"]),
  };
}

function numberOf(value: string | number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function textOf(value: string | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
