/** Where a message goes in by its routing key. */
export interface ExchangeRecord {
  readonly kind: "exchange";
  readonly name: string;
  readonly type: "topic" | "direct" | "fanout";
  readonly durable: boolean;
  /** One that is there with other properties belongs to somebody else, and is used as it is. */
  readonly foreign: boolean;
  readonly arguments: TopologyArguments;
}

/** Where messages wait. It is durable. */
export interface QueueRecord {
  readonly kind: "queue";
  readonly name: string;
  readonly arguments: TopologyArguments;
}

/** A queue that somebody else declares. Where it is missing, what needs it cannot be routed. */
export interface ExpectedQueueRecord {
  readonly kind: "expected queue";
  readonly name: string;
}

/** What leads from an exchange to a queue or to another exchange. */
export interface BindingRecord {
  readonly kind: "binding";
  readonly source: string;
  readonly target: { readonly kind: "queue" | "exchange"; readonly name: string };
  /** A pattern of words, where the source is a topic exchange: `*` is one word, `#` any number of them. */
  readonly key: string;
}

/** Arguments of a declaration. Numbers are whole, and may be larger than 32 bits hold with a sign. */
export type TopologyArguments = Readonly<Record<string, string | number>>;

/** One thing to declare. */
export type TopologyRecord = ExchangeRecord | QueueRecord | ExpectedQueueRecord | BindingRecord;

/** What messages need on their way, in order: each record needs only those before it. */
export type Topology = readonly TopologyRecord[];

/** Declares an exchange of ours. */
export function exchange(
  name: string,
  type: ExchangeRecord["type"],
  args: TopologyArguments = {},
): ExchangeRecord {
  return { kind: "exchange", name, type, durable: true, foreign: false, arguments: args };
}

/** Declares a quorum queue. */
export function quorumQueue(name: string, args: TopologyArguments): QueueRecord {
  return { kind: "queue", name, arguments: { "x-queue-type": "quorum", ...args } };
}

/** Expects a queue that somebody else declares. */
export function expectedQueue(name: string): ExpectedQueueRecord {
  return { kind: "expected queue", name };
}

/** Binds a queue or an exchange to an exchange. */
export function binding(
  source: string,
  kind: BindingRecord["target"]["kind"],
  name: string,
  key: string,
): BindingRecord {
  return { kind: "binding", source, target: { kind, name }, key };
}
