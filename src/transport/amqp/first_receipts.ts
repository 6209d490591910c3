import type { IncomingMessage } from "./frames/incoming_message.ts";

/** How many to remember. */
const MEMORY = 1_000;

/**
 * When requests that went back to their queue were here first. A request says how long its caller waits, but not since
 * when: a later delivery would seem to leave more time than there is.
 */
export class FirstReceipts {
  readonly #times = new Map<string, number>();

  /** Remembers a message that goes back. */
  remember(message: IncomingMessage): void {
    const key = keyOf(message);
    if (key === undefined) return;
    if (this.#times.size >= MEMORY) this.#times.clear();
    this.#times.set(key, message.receivedAt);
  }

  /** Corrects the time of a message that was perhaps here before. */
  correct(message: IncomingMessage): void {
    if (!message.redelivered || this.#times.size === 0) return;
    const key = keyOf(message);
    const first = key === undefined ? undefined : this.#times.get(key);
    if (key === undefined || first === undefined) return;
    message.receivedAt = first;
    this.#times.delete(key);
  }
}

function keyOf({ replyTo, correlationId }: IncomingMessage): string | undefined {
  return replyTo && correlationId ? `${correlationId} ${replyTo}` : undefined;
}
