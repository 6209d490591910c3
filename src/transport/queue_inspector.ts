import type { Message } from "../messages/message.ts";

/**
 * Looks into queues, for one operation of somebody who asks. It is one link that is not opened again: when it is lost, all
 * that was taken and not ended is back in its queue, and whatever is asked rejects with ConnectionLostError.
 */
export interface QueueInspector {
  /** How a queue stands; undefined when there is none of this name. */
  find(queue: string): Promise<QueueCounts | undefined>;
  /**
   * Takes the next messages of a queue that exists, in their order, and keeps them from everybody else.
   *
   * @returns fewer than were asked for when no more wait
   */
  take(queue: string, atMost: number): Promise<readonly TakenMessage[]>;
  /** Gives back what was not ended, in the order in which it was taken, and resolves when the broker has heard of every end. */
  close(): Promise<void>;
}

/** How a queue stands. */
export interface QueueCounts {
  /** How many messages wait, without those that somebody has taken. */
  readonly messages: number;
  readonly consumers: number;
}

/** A message that was taken from its queue. Unless it is acknowledged, it goes back when the inspector is closed. */
export interface TakenMessage {
  readonly message: Message;
  /** The routing key that it was published with. */
  readonly key: string;
  /** Ends it: it leaves its queue for good. */
  ack(): void;
}
