import { count } from "../terminal/output.ts";
import type { Paint } from "../terminal/paint.ts";

/** How a queue stands. */
export interface QueueReport {
  readonly messages: number;
  readonly consumers: number;
}

/** Queues by name; `null` for one that the broker does not have. */
export type Queues = ReadonlyMap<string, QueueReport | null>;

/** How a queue stands, for people. */
export function describeQueue(queue: QueueReport | null, paint: Paint): string {
  if (!queue) return paint("yellow", "none on the broker yet: its worker has never run");
  const { messages, consumers } = queue;
  const text = `${messages} waiting, ${count(consumers, "consumer")}`;
  return consumers === 0 ? paint("yellow", text) : text;
}
