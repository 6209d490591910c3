import { NoRouteError } from "../errors.ts";
import type { QueueInspector, TakenMessage } from "../transport/queue_inspector.ts";
import type { OutgoingMessage } from "../transport/transport.ts";
import { redriven } from "./dead_headers.ts";
import type { DeadLetter } from "./dead_letter.ts";
import { readDeadLetter } from "./dead_letter.ts";
import { LOST_QUEUE, readDestination } from "./delay_ladder.ts";
import { withFittingHeaders } from "./fitting_headers.ts";
import { BATCH, BATCH_TO_END, goThrough } from "./go_through.ts";
import { copyHeaders, readJobState } from "./job_headers.ts";
import { deadQueueName, jobQueueName } from "./job_queues.ts";
import type { LetterChoice, LetterListOptions, ResolvedChoice } from "./letter_choice.ts";
import { takeChoice, takeListLimit } from "./letter_choice.ts";

/** What became of letters that were to be retried. */
export interface RetriedLetters {
  /** How many jobs are in their queues again. */
  readonly retried: number;
  /** How many stay dead letters though they were meant: their body is longer than the setting `maxMessageBytes`, or their queue is gone. */
  readonly left: number;
}

/**
 * The dead letters of one route, or those of all routes that were delayed for a queue that was gone when they were due.
 *
 * Each use opens a connection and closes it in the end. Letters that are looked at are with nobody else meanwhile, and all that
 * stay go back. They keep their order where all were looked at; after a look at some, RabbitMQ puts these behind others that
 * were looked at before. When the connection drops, all go back, in any order.
 */
export interface DeadLetters extends AsyncIterable<DeadLetter> {
  /** How many there are; 0 as long as no worker has offered the job. */
  count(): Promise<number>;
  /** The oldest, in their order. Iterating does the same, with the limit that there is by default. */
  list(options?: LetterListOptions): Promise<readonly DeadLetter[]>;
  /**
   * Sends jobs to their queue again, with all their attempts, the same id, and their input byte by byte. Each leaves the dead letters when the broker
   * has confirmed its copy; so it may run twice when the connection drops between the two.
   *
   * Rejects as `send` does when the broker does not take a copy, e.g. with `NoRouteError` when the queue of this route is
   * gone; what was retried before stays so.
   */
  retry(choice?: LetterChoice): Promise<RetriedLetters>;
  /** Deletes letters for good. */
  discard(choice?: LetterChoice): Promise<{ readonly discarded: number }>;
}

/** What dead letters need of a client. */
export interface DeadLetterOffice {
  /** The largest frame, in bytes. */
  readonly frameMax: number;
  /** Does something that has to be done before the client is closed, with a link of its own. */
  inspect<T>(work: (inspector: QueueInspector) => Promise<T>): Promise<T>;
  /** Sends a job. Rejects as `send` does. */
  publish(message: OutgoingMessage, queue: string): Promise<void>;
}

/** Looks at dead letters, and deals with them. */
export class DeadLetterQueue implements DeadLetters {
  readonly #office: DeadLetterOffice;
  readonly #name: string;
  /** Where they go from here; undefined where each goes to the queue that its routing key names. */
  readonly #destination: string | undefined;

  /** @param route undefined for what was delayed for queues that are gone */
  constructor(office: DeadLetterOffice, route: string | undefined) {
    this.#office = office;
    this.#destination = route === undefined ? undefined : jobQueueName(route);
    this.#name = this.#destination === undefined ? LOST_QUEUE : deadQueueName(this.#destination);
  }

  count(): Promise<number> {
    return this.#office.inspect(async (inspector) => {
      const counts = await inspector.find(this.#name);
      await inspector.close();
      return counts?.messages ?? 0;
    });
  }

  async list(options?: LetterListOptions): Promise<readonly DeadLetter[]> {
    const limit = takeListLimit(options);
    const letters: DeadLetter[] = [];
    await this.#goThrough({ atMost: limit, batch: BATCH }, (batch) => {
      for (const taken of batch) letters.push(this.#read(taken));
      return true;
    });
    return letters;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DeadLetter, void, undefined> {
    // All at once: while a program thinks about one, it can retry or discard it.
    yield* await this.list();
  }

  async retry(choice?: LetterChoice): Promise<RetriedLetters> {
    const chosen = takeChoice("retry dead letters", choice);
    let [retried, left] = [0, 0];
    await this.#goThroughChosen(chosen, async (letters) => {
      const outcomes = await Promise.allSettled(letters.map((taken) => this.#resend(taken)));
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") continue;
        if (outcome.value) retried++;
        else left++;
      }
      const failed = outcomes.find((outcome) => outcome.status === "rejected");
      if (failed) throw failed.reason;
    });
    return { retried, left };
  }

  async discard(choice?: LetterChoice): Promise<{ readonly discarded: number }> {
    const chosen = takeChoice("discard dead letters", choice);
    let discarded = 0;
    await this.#goThroughChosen(chosen, (letters) => {
      for (const taken of letters) taken.ack();
      discarded += letters.length;
    });
    return { discarded };
  }

  async #goThroughChosen(
    { limit, isSelective, includes }: ResolvedChoice,
    onChosen: (letters: readonly TakenMessage[]) => void | Promise<void>,
  ): Promise<void> {
    let room = limit;
    const extent = isSelective
      ? { atMost: Infinity, batch: BATCH }
      : { atMost: limit, batch: BATCH_TO_END };
    await this.#goThrough(extent, async (batch) => {
      const chosen = batch.filter(({ message }) => includes(message.id ?? "")).slice(0, room);
      await onChosen(chosen);
      room -= chosen.length;
      return room > 0;
    });
  }

  #goThrough(
    extent: { readonly atMost: number; readonly batch: number },
    onBatch: (batch: readonly TakenMessage[]) => boolean | Promise<boolean>,
  ): Promise<void> {
    return this.#office.inspect((inspector) => goThrough(inspector, this.#name, extent, onBatch));
  }

  #read({ message, key }: TakenMessage): DeadLetter {
    return readDeadLetter(message, this.#name, this.#destinationOf(key));
  }

  #destinationOf(key: string): string | undefined {
    return this.#destination ?? readDestination(key);
  }

  /** Sends a job to its queue, and ends the letter. @returns false when it cannot be sent, and stays */
  async #resend(taken: TakenMessage): Promise<boolean> {
    const queue = this.#destinationOf(taken.key);
    const body = taken.message.body.readBytes();
    if (queue === undefined || body === undefined) return false;
    try {
      await this.#publish(taken, queue, body);
    } catch (error) {
      // Others may have a queue again.
      if (this.#destination === undefined && error instanceof NoRouteError) return false;
      throw error;
    }
    taken.ack();
    return true;
  }

  async #publish({ message }: TakenMessage, queue: string, body: Uint8Array): Promise<void> {
    const { headers, timestamp, type, contentType, contentEncoding, correlationId } = message;
    const id = message.id || crypto.randomUUID();
    const state = redriven(readJobState(headers, timestamp));
    await withFittingHeaders(this.#office.frameMax, (frameMax) => {
      const copied = copyHeaders(headers, state, {}, frameMax);
      const properties = { id, type, contentType, contentEncoding, correlationId };
      return this.#office.publish({ ...properties, body, headers: copied.headers }, queue);
    });
  }
}
