import { BgtasksError } from "../errors.ts";
import { MAX_TIMEOUT } from "../time/max_timeout.ts";
import { byteLength } from "../messages/byte_length.ts";
import { checkRoute } from "../messages/route.ts";
import { bindingToLadder, DEAD_DELIVERY_LIMIT, dueTopology } from "./delay_ladder.ts";
import { toWord } from "./queue_word.ts";
import type { Topology, TopologyRecord } from "../transport/topology.ts";
import { binding, quorumQueue } from "../transport/topology.ts";

/**
 * A job's queue is named for its route, its dead letters for the queue, and the routing key of a delay has both the queue
 * and the delay. This is what all of them have room for.
 */
const MAX_ROUTE_BYTES = 180;

const JOB_PREFIX = "bgtasks.job.";

/** How often a job may come back from workers that died of it; the next time it goes to the dead letters. */
const DELIVERY_LIMIT = 20;

/**
 * Brokers take a job back that is not acknowledged for 30 minutes. Jobs have a timeout of their own, after which the worker
 * acts; this is longer than any of them. It is the same for all, because a queue keeps what it was first declared with: a
 * timeout that is raised later would not reach the broker.
 */
const CONSUMER_TIMEOUT = MAX_TIMEOUT + 60_000;

/**
 * Checks the route of a job.
 *
 * @throws BgtasksError with `code` `"invalid_route"`
 */
export function checkJobRoute(route: unknown): asserts route is string {
  checkRoute(route);
  // A UTF-16 unit is at most 3 bytes, escaped or not.
  if (3 * route.length <= MAX_ROUTE_BYTES) return;
  const length = byteLength(toWord(route));
  if (length <= MAX_ROUTE_BYTES) return;
  throw new BgtasksError(
    "invalid_route",
    `Cannot use this route for a job, because it takes ${length} bytes where a queue's name and a delay have room for ${MAX_ROUTE_BYTES}; each of . * # and % takes three: "${route.slice(0, 40)}…"`,
  );
}

/** The queue that holds a route's jobs. A call of the same route has another: the route itself. */
export function jobQueueName(route: string): string {
  return JOB_PREFIX + route;
}

/** The route whose jobs a queue holds; undefined for another queue. */
export function readJobQueue(queue: string): string | undefined {
  return queue.startsWith(JOB_PREFIX) ? queue.slice(JOB_PREFIX.length) : undefined;
}

/** The queue that holds the dead letters of a queue. */
export function deadQueueName(queue: string): string {
  return `bgtasks.dead.${queue}`;
}

/**
 * What a worker of a job declares: all but the levels of the ladder. The dead letters come first, so that the broker has a place for what
 * it gives up itself.
 *
 * @param exchange a topic exchange that the queue takes messages from, too, under the job's route
 */
export function jobTopology(route: string, exchange: string | undefined): Topology {
  const queue = jobQueueName(route);
  const dead = deadQueueName(queue);
  const records: Topology = [
    ...dueTopology(),
    quorumQueue(dead, { "x-delivery-limit": DEAD_DELIVERY_LIMIT }),
    quorumQueue(queue, {
      "x-overflow": "reject-publish",
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": dead,
      "x-dead-letter-strategy": "at-least-once",
      "x-delivery-limit": DELIVERY_LIMIT,
      "x-consumer-timeout": CONSUMER_TIMEOUT,
    }),
    bindingToLadder(queue),
  ];
  if (exchange === undefined) return records;
  return [...records, foreignExchange(exchange), binding(exchange, "queue", queue, route)];
}

/** An exchange that others declare, too: as Python bgtasks does, which would be refused if it were durable. */
export function foreignExchange(name: string): TopologyRecord {
  return { kind: "exchange", name, type: "topic", durable: false, foreign: true, arguments: {} };
}
