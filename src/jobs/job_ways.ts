import type { MessageHeaders } from "../messages/message.ts";
import type { Topology } from "../transport/topology.ts";
import { expectedQueue } from "../transport/topology.ts";
import type { Target } from "../transport/transport.ts";
import { enterLadder, exactDelay, ladderTopology } from "./delay_ladder.ts";
import { writeJobState } from "./job_headers.ts";
import { foreignExchange, jobQueueName } from "./job_queues.ts";
import type { ResolvedSendOptions } from "./send_options.ts";

/** How a job goes out. */
interface Way {
  readonly target: Target;
  /** What it carries for that; undefined when nothing. */
  readonly state: MessageHeaders | undefined;
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
