import { BgtasksError } from "../errors.ts";
import { byteLength } from "../wire/byte_length.ts";
import { checkRoute } from "../wire/route.ts";
import { bindingToLadder, DEAD_DELIVERY_LIMIT } from "./delay_ladder.ts";
import { toWord } from "./queue_word.ts";
import type { TopologyRecord } from "../transport/topology.ts";
import { binding, quorumQueue } from "../transport/topology.ts";

/**
 * A job's queue is named for its route, its dead letters for the queue, and the routing key of a delay has both the queue
 * and the delay. This is what all of them have room for.
 */
const MAX_ROUTE_BYTES = 180;

/** How often the broker delivers a job whose worker dies of it, before it goes to the dead letters. */
export const DELIVERY_LIMIT = 20;

/** Brokers end a consumer that does not acknowledge for 30 minutes. A job that may come near that asks for more. */
const NEAR_BROKER_TIMEOUT = 25 * 60_000;

/** What the broker waits longer than a job's own timeout, in milliseconds, so that the worker acts first. */
const BROKER_PATIENCE = 60_000;

/** What of a job's options its queue depends on. */
export interface JobQueueOptions {
  /** How long one attempt may take, in milliseconds. */
  readonly timeout: number;
  /** A topic exchange that the queue takes messages from, too, under the job's route. */
  readonly exchange?: string | undefined;
}

/**
 * Checks the route of a job.
 *
 * @throws BgtasksError with `code` `"invalid_route"`
 */
export function checkJobRoute(route: unknown): asserts route is string {
  checkRoute(route);
  const length = byteLength(toWord(route));
  if (length <= MAX_ROUTE_BYTES) return;
  throw new BgtasksError(
    "invalid_route",
    `Cannot use this route for a job, because it takes ${length} bytes where a queue's name and a delay have room for ${MAX_ROUTE_BYTES}; each of . * # and % takes three: "${route.slice(0, 40)}…"`,
  );
}

/** The queue that holds a route's jobs. A call of the same route has another: the route itself. */
export function jobQueueName(route: string): string {
  return `bgtasks.job.${route}`;
}

/** The queue that holds the dead letters of a queue. */
export function deadQueueName(queue: string): string {
  return `bgtasks.dead.${queue}`;
}

/**
 * What a worker of a job declares, besides the ladder. The dead letters come first, so that the broker has a place for what
 * it gives up itself.
 */
export function jobTopology(
  route: string,
  { timeout, exchange }: JobQueueOptions,
): readonly TopologyRecord[] {
  const queue = jobQueueName(route);
  const dead = deadQueueName(queue);
  const records: TopologyRecord[] = [
    quorumQueue(dead, { "x-delivery-limit": DEAD_DELIVERY_LIMIT }),
    quorumQueue(queue, {
      "x-overflow": "reject-publish",
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": dead,
      "x-dead-letter-strategy": "at-least-once",
      "x-delivery-limit": DELIVERY_LIMIT,
      ...(timeout > NEAR_BROKER_TIMEOUT && { "x-consumer-timeout": timeout + BROKER_PATIENCE }),
    }),
    bindingToLadder(queue),
  ];
  if (exchange === undefined) return records;
  return [...records, exchangeOfPython(exchange), binding(exchange, "queue", queue, route)];
}

/** An exchange that others declare, too: as Python bgtasks does, which would be refused if it were durable. */
function exchangeOfPython(name: string): TopologyRecord {
  return { kind: "exchange", name, type: "topic", durable: false, foreign: true, arguments: {} };
}
