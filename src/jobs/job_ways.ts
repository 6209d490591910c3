import type { MessageHeaders } from "../messages/message.ts";
import type { Topology } from "../transport/topology.ts";
import { expectedQueue } from "../transport/topology.ts";
import type { Target } from "../transport/transport.ts";
import {
  enterLadder,
  exactDelay,
  ladderTopology,
  readDestination,
  wholeWait,
} from "./delay_ladder.ts";
import { writeJobState } from "./job_headers.ts";
import { foreignExchange, jobQueueName, readJobQueue } from "./job_queues.ts";
import type { ResolvedSendOptions } from "./send_options.ts";

/** How a job goes out. */
interface Way {
  readonly target: Target;
  /** What it carries for that; undefined when nothing. */
  readonly state: MessageHeaders | undefined;
}

/** The route and the delay of a job that is published to a target, in milliseconds; undefined for what is not a job. */
export function readWay({
  exchange,
  key,
}: Target): { readonly route: string; readonly delay: number } | undefined {
  if (exchange === undefined) {
    const route = readJobQueue(key);
    return route === undefined ? undefined : { route, delay: 0 };
  }
  const queue = readDestination(key);
  // To an exchange of others a job is sent under its route.
  if (queue === undefined) return { route: key, delay: 0 };
  const route = readJobQueue(queue);
  return route === undefined ? undefined : { route, delay: wholeWait(key) };
}

/** Where jobs are published to. Remembers what has to exist there, because a publisher knows that by the object. */
export class JobWays {
  /** By queue. */
  readonly #ladders = new Map<string, Topology>();
  /** By exchange. */
  readonly #exchanges = new Map<string, Topology>();

  wayOf(route: string, { delay, expiresAt, exchange }: ResolvedSendOptions): Way {
    if (exchange !== undefined) {
      const target = { exchange, key: route, topology: this.#topologyOf(exchange) };
      return { target, state: stateOf(0, expiresAt) };
    }
    const queue = jobQueueName(route);
    if (exactDelay(delay) === 0) return { target: { key: queue }, state: stateOf(0, expiresAt) };
    const entry = enterLadder(queue, exactDelay(delay));
    const target = {
      exchange: entry.exchange,
      key: entry.routingKey,
      topology: this.#ladderTo(queue),
    };
    return { target, state: stateOf(entry.left, expiresAt) };
  }

  /** The ladder, and the queue that it leads to: a job for a queue that is missing is refused now, not when it is due. */
  #ladderTo(queue: string): Topology {
    let topology = this.#ladders.get(queue);
    if (!topology)
      this.#ladders.set(queue, (topology = [...ladderTopology(), expectedQueue(queue)]));
    return topology;
  }

  #topologyOf(exchange: string): Topology {
    let topology = this.#exchanges.get(exchange);
    if (!topology) this.#exchanges.set(exchange, (topology = [foreignExchange(exchange)]));
    return topology;
  }
}

/** A job that is sent plainly carries nothing of ours. */
function stateOf(delayLeft: number, expiresAt: number | undefined): MessageHeaders | undefined {
  if (delayLeft === 0 && expiresAt === undefined) return undefined;
  const [firstSentAt, lastError] = [undefined, undefined];
  return writeJobState({ attempt: 1, firstSentAt, lastError, delayLeft, expiresAt });
}
