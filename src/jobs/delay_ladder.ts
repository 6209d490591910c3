import { byteLength } from "../messages/byte_length.ts";
import { fromWord, toWord } from "./queue_word.ts";
import type { Topology, TopologyRecord } from "../transport/topology.ts";
import { binding, exchange, quorumQueue } from "../transport/topology.ts";

/**
 * Delays without a plugin. A level is a queue whose messages expire after 2^level milliseconds, and an exchange before it.
 * The delay, in units of the lowest level, is written as bits into the routing key. Each exchange looks at the bit of its
 * level: 1 leads into its queue, 0 to the exchange of the next lower level. What expires goes to the exchange of the next
 * lower level, too. Nothing waits behind a message with a longer delay, because all messages of a queue wait equally long.
 */
const LOWEST = 6;
const HIGHEST = 31;
const BITS = HIGHEST - LOWEST + 1;

/** The shortest time that the ladder can hold a message, in milliseconds. Others are multiples of it. */
export const DELAY_UNIT: number = 2 ** LOWEST;

/** The longest delay that jobs may have, in milliseconds: ten years. */
export const MAX_DELAY: number = 10 * 365.25 * 24 * 3_600_000;

/** The longest time that one way through the ladder takes, in milliseconds: a minute less than 50 days. */
export const LONGEST_WAY: number = (2 ** BITS - 1) * DELAY_UNIT;

/** Where a longer delay begins: on its way through the level of the longest time it meets no other. */
const LAP = 2 ** HIGHEST;

/** How many bits of a retry's delay are kept. Each bit that is set costs one hop through the broker. */
const RETRY_BITS = 3;

/** AMQP writes routing keys as short strings, whose length is one byte; bits take two, with their dots. */
const MAX_WORD_BYTES = 255 - 2 * BITS;

/** Where all delays end, and the queues of jobs are bound. */
export const DUE_EXCHANGE = "bgtasks.v1.delay.due";

/** What leads to {@link LOST_QUEUE} whatever no queue takes. */
export const LOST_EXCHANGE = "bgtasks.v1.lost";

/** Where delayed messages end whose queue was deleted, or whose routing key is not one of ours. */
export const LOST_QUEUE = "bgtasks.dead";

/** Looking at a dead letter counts as a delivery up to RabbitMQ 4.2, and past the limit the broker deletes it. */
export const DEAD_DELIVERY_LIMIT = 1_000_000;

/** How a message goes into the ladder. */
export interface LadderEntry {
  readonly exchange: string;
  readonly routingKey: string;
  /** How long it stays there, in milliseconds. */
  readonly wait: number;
  /** How long it has to wait after that: it is sent once more when it arrives. 0 up to {@link LONGEST_WAY}. */
  readonly left: number;
}

/** Whether a queue's name is short enough to be written behind the bits of a delay. */
export function fitsLadder(queue: string): boolean {
  return byteLength(toWord(queue)) <= MAX_WORD_BYTES;
}

/** A delay as the ladder can keep it, in milliseconds: never shorter, and longer by less than {@link DELAY_UNIT}. */
export function exactDelay(milliseconds: number): number {
  return Math.ceil(milliseconds / DELAY_UNIT) * DELAY_UNIT;
}

/**
 * A retry's delay, in milliseconds: never shorter, and longer by at most a quarter. It takes three hops at most, where an
 * exact delay takes up to one for each level.
 */
export function roundedDelay(milliseconds: number): number {
  const units = Math.ceil(milliseconds / DELAY_UNIT);
  let step = 1;
  while (units >= step * 2 ** RETRY_BITS) step *= 2;
  return Math.ceil(units / step) * step * DELAY_UNIT;
}

/**
 * How to send a message so that it is in `queue` after a delay. A delay of 0 passes no level.
 *
 * @param delay what {@link exactDelay} or {@link roundedDelay} gave, or a rest: others are made exact
 */
export function enterLadder(queue: string, delay: number): LadderEntry {
  const total = exactDelay(Math.min(Math.max(delay, 0), MAX_DELAY));
  const wait = total > LONGEST_WAY ? LAP : total;
  const bits = (wait / DELAY_UNIT).toString(2);
  const words = [...bits.padStart(BITS, "0").split(""), toWord(queue)];
  return {
    exchange: wait === 0 ? DUE_EXCHANGE : levelName(LOWEST + bits.length - 1),
    routingKey: words.join("."),
    wait,
    left: total - wait,
  };
}

/** How long a message waits in the ladder in all, by its routing key, in milliseconds. */
export function wholeWait(routingKey: string): number {
  return waitOf(routingKey.split(".").slice(0, BITS));
}

function waitOf(bits: readonly string[]): number {
  return bits.length === 0 ? 0 : Number.parseInt(bits.join(""), 2) * DELAY_UNIT;
}

/**
 * How long a message still waits once it has left the queue of a level, in milliseconds.
 *
 * @returns `Infinity` for a queue that is not of the ladder
 */
export function waitLeft(queue: string, routingKey: string): number {
  const level = Number(/^bgtasks\.v1\.delay\.(\d\d)$/.exec(queue)?.[1] ?? Number.NaN);
  if (Number.isNaN(level)) return Infinity;
  return waitOf(routingKey.split(".").slice(BITS - (level - LOWEST), BITS));
}

/** The queue that a message was on its way to, by its routing key; undefined for a key that the ladder did not make. */
export function readDestination(routingKey: string): string | undefined {
  const words = routingKey.split(".");
  const word = words.pop();
  if (word === undefined || word === "" || words.length !== BITS) return undefined;
  return words.every((bit) => bit === "0" || bit === "1") ? fromWord(word) : undefined;
}

/** What binds a queue to the end of the ladder. */
export function bindingToLadder(queue: string): TopologyRecord {
  return binding(DUE_EXCHANGE, "queue", queue, `#.${toWord(queue)}`);
}

/** Where delays end: enough for a queue to be bound to. */
export function dueTopology(): Topology {
  return [
    quorumQueue(LOST_QUEUE, { "x-delivery-limit": DEAD_DELIVERY_LIMIT }),
    exchange(LOST_EXCHANGE, "fanout"),
    binding(LOST_EXCHANGE, "queue", LOST_QUEUE, ""),
    exchange(DUE_EXCHANGE, "topic", { "alternate-exchange": LOST_EXCHANGE }),
  ];
}

let ladder: Topology | undefined;

/** The exchanges and queues of the ladder, from its end to its beginning: what is there leads somewhere. */
export function ladderTopology(): Topology {
  return (ladder ??= [...dueTopology(), ...levels()]);
}

function levels(): TopologyRecord[] {
  const records: TopologyRecord[] = [];
  let below = DUE_EXCHANGE;
  for (let level = LOWEST; level <= HIGHEST; level++) {
    const name = levelName(level);
    const bitsBefore = "*.".repeat(HIGHEST - level);
    records.push(
      exchange(name, "topic", { "alternate-exchange": LOST_EXCHANGE }),
      quorumQueue(name, {
        "x-message-ttl": 2 ** level,
        "x-dead-letter-exchange": below,
        "x-dead-letter-strategy": "at-least-once",
        // Without this the broker does not keep what it could not hand on.
        "x-overflow": "reject-publish",
      }),
      binding(name, "queue", name, `${bitsBefore}1.#`),
      binding(name, "exchange", below, `${bitsBefore}0.#`),
    );
    below = name;
  }
  return records;
}

/** The name of a level's queue, and of its exchange. */
function levelName(level: number): string {
  return `bgtasks.v1.delay.${String(level).padStart(2, "0")}`;
}
