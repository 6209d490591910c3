import { DUE_EXCHANGE, ladderTopology, type LadderEntry } from "../../src/jobs/delay_ladder.ts";
import type { BindingRecord, TopologyArguments } from "../../src/transport/topology.ts";

const records = ladderTopology();
const fanouts = new Set<string>();
const bindings = new Map<string, BindingRecord[]>();
const queues = new Map<string, TopologyArguments>();
for (const record of records) {
  if (record.kind === "queue") queues.set(record.name, record.arguments);
  else if (record.kind === "binding")
    bindings.set(record.source, [...(bindings.get(record.source) ?? []), record]);
  else if (record.kind === "exchange" && record.type === "fanout") fanouts.add(record.name);
}

/** Where a message goes from an exchange of the ladder, as a broker finds out from the bindings. */
export function waysOut(exchange: string, routingKey: string): readonly BindingRecord["target"][] {
  return (bindings.get(exchange) ?? [])
    .filter(({ key }) => fanouts.has(exchange) || matches(key, routingKey))
    .map(({ target }) => target);
}

/** Follows a message through the queues of the ladder until it is due. */
export function followLadder({ exchange, routingKey }: LadderEntry): {
  readonly waited: number;
  readonly hops: number;
  readonly exchange: string;
} {
  let at = exchange;
  let waited = 0;
  let hops = 0;
  while (at !== DUE_EXCHANGE) {
    const ways = waysOut(at, routingKey);
    const [way] = ways;
    if (way === undefined || ways.length !== 1) throw new Error(`${ways.length} ways from ${at}`);
    if (way.kind === "exchange") {
      at = way.name;
      continue;
    }
    const args = queues.get(way.name);
    waited += Number(args?.["x-message-ttl"]);
    hops++;
    at = String(args?.["x-dead-letter-exchange"]);
  }
  return { waited, hops, exchange: at };
}

/** Whether a pattern of a topic exchange takes a routing key. */
function matches(pattern: string, key: string): boolean {
  return matchWords(pattern.split("."), key.split("."));
}

function matchWords([first, ...rest]: readonly string[], words: readonly string[]): boolean {
  if (first === undefined) return words.length === 0;
  if (first === "#")
    return words.some((_, at) => matchWords(rest, words.slice(at))) || matchWords(rest, []);
  const [word, ...others] = words;
  return word !== undefined && (first === "*" || first === word) && matchWords(rest, others);
}
