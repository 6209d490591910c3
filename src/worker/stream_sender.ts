import { TaskError } from "../errors.ts";
import { byteLength, isLongerThan } from "../messages/byte_length.ts";
import { ERROR_HEADER } from "../messages/failure.ts";
import { writeJSON } from "../messages/json.ts";
import { FrameBatch } from "../streams/frame_batch.ts";
import { END, ITEMS } from "../streams/stream_types.ts";
import type { Expiring } from "../time/deadlines.ts";
import { runAsTask } from "../time/next_task.ts";
import { logFailure, logReply } from "./request_log.ts";
import { tookTooLong } from "./run_task.ts";
import type { Session } from "./session.ts";
import { writeFailure } from "./settle_call.ts";
import { explainError, Refusal } from "./task_failures.ts";

/** How often to look whether the broker reads again, in milliseconds. */
const HELD_UP_INTERVAL = 20;

/** What the two brackets around the items take, in bytes. */
const BRACKETS = 2;

/**
 * Sends the items of one stream, as its reader's credit allows. The generator is asked for an item only while more may be
 * sent, so that a reader who stands still holds up the generator and not the memory.
 */
export class StreamSender {
  readonly #session: Session;
  readonly #source: AsyncIterable<unknown>;
  #items: AsyncIterator<unknown> | undefined;
  readonly #maxBytes: number;
  readonly #batch: FrameBatch;
  readonly #onOver: () => void;
  #frames = 0;
  #isOver = false;
  #isScheduled = false;
  #wake: (() => void) | undefined;
  #returned: Promise<void> | undefined;
  /** Set where the task has a timeout. */
  #timeout: Expiring | undefined;

  /**
   * @param maxBytes the largest body that is written
   * @param onOver told when nothing more is sent
   */
  constructor(
    session: Session,
    items: AsyncIterable<unknown>,
    maxBytes: number,
    onOver: () => void,
  ) {
    this.#session = session;
    this.#source = items;
    this.#maxBytes = Math.min(maxBytes, session.request.delivery.maxReplyBytes);
    // A reader of little memory takes no large frames.
    this.#batch = new FrameBatch(Math.min(this.#maxBytes, session.window));
    this.#onOver = onOver;
  }

  /** Resolves when the generator has come to its end, whoever has ended it. Never rejects. */
  async run(): Promise<void> {
    const { request } = this.#session;
    const { signal } = request;
    signal.addEventListener("abort", this.#onAbort);
    request.stop = () => this.#stop();
    this.#session.onCredit = () => this.#wake?.();
    this.#watchTimeout();
    try {
      if (signal.aborted) this.#onAbort();
      else await this.#pump();
    } catch (error) {
      this.#fail(error);
    }
    await this.#returned;
    signal.removeEventListener("abort", this.#onAbort);
  }

  async #pump(): Promise<void> {
    const items = (this.#items = this.#source[Symbol.asyncIterator]());
    while (!this.#isOver) {
      if (!this.#mayPull) {
        this.#flush();
        await this.#pause();
        continue;
      }
      const { done, value } = await items.next();
      if (this.#isOver) return;
      if (done) return this.#finish(value);
      this.#add(value);
      if (!this.#batch.isFull) continue;
      this.#flush();
      // A generator that never waits would else keep everybody else waiting.
      await new Promise<void>(runAsTask);
    }
  }

  get #mayPull(): boolean {
    const { sent, allowed, request } = this.#session;
    return sent + this.#batch.length < allowed && !request.delivery.isHeldUp;
  }

  /** Waits for credit, for the broker, or for the end. */
  async #pause(): Promise<void> {
    // What was just sent may have found that nobody is there any more.
    if (this.#isOver) return;
    const { deadlines } = this.#session.place;
    const look: Expiring = { tick: 0, onDeadline: () => this.#wake?.() };
    if (this.#session.request.delivery.isHeldUp)
      deadlines.add(look, performance.now() + HELD_UP_INTERVAL);
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    deadlines.delete(look);
  }

  #add(value: unknown): void {
    const item = writeJSON(value);
    if (isLongerThan(this.#maxBytes - BRACKETS, item)) {
      const { route } = this.#session.request;
      const rule = `An item of "${route}" must be at most ${this.#maxBytes - BRACKETS} bytes: ${byteLength(item)}`;
      throw new Refusal(new TaskError("too_large", rule));
    }
    if (this.#batch.isTooLongWith(item)) this.#flush();
    this.#batch.add(item);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    runAsTask(this.#onTask);
  }

  /** What was ready at one time goes out together. */
  readonly #onTask = (): void => {
    this.#isScheduled = false;
    if (!this.#isOver) this.#flush();
  };

  #flush(): void {
    if (this.#batch.length === 0) return;
    const session = this.#session;
    session.sent += session.write(ITEMS, this.#batch.take(), { id: String(this.#frames++) });
    // Its channel is gone, and nobody tells: the broker delivers the request again.
    if (session.request.delivery.isCutOff) session.request.abandon(cutOff());
  }

  #finish(returned: unknown): void {
    const body = writeJSON(returned);
    if (isLongerThan(this.#maxBytes, body)) {
      const rule = `What the generator of "${this.#session.request.route}" returns must be at most ${this.#maxBytes} bytes: ${byteLength(body)}`;
      throw new Refusal(new TaskError("too_large", rule));
    }
    this.#end(body, undefined);
  }

  /** Whatever was thrown is told after the items before it. */
  #fail(error: unknown): void {
    const { request } = this.#session;
    if (!this.#isOver) {
      const failure = explainError(error, request);
      const { body, errorCode } = writeFailure(failure, error, request, this.#maxBytes);
      this.#end(body, errorCode);
    } else if (!request.isOfAbort(error)) {
      logFailure("failed after its stream had ended", error, request);
    }
    this.#return();
  }

  #end(body: string, errorCode: string | undefined): void {
    const { request } = this.#session;
    this.#flush();
    if (this.#isOver) return;
    const headers = errorCode === undefined ? undefined : { [ERROR_HEADER]: errorCode };
    this.#session.write(END, body, { id: String(this.#frames), headers });
    if (request.startedAt !== undefined) logReply(request, { body, errorCode }, request.startedAt);
    this.#leave();
  }

  /** Its worker stops. What has begun never goes back to the queue. */
  #stop(): void {
    const { route } = this.#session.request;
    this.#fail(new Refusal(new TaskError("stopping", `The worker of "${route}" is stopping.`)));
  }

  readonly #onAbort = (): void => {
    if (this.#isOver) return;
    this.#leave();
    this.#return();
  };

  #leave(): void {
    this.#isOver = true;
    this.#session.request.delivery.ack();
    if (this.#timeout) this.#session.place.deadlines.delete(this.#timeout);
    this.#onOver();
    this.#wake?.();
  }

  /** Lets the generator clean up; one that is waiting for something does so after that. */
  #return(): void {
    this.#returned ??= this.#returnNow();
  }

  async #returnNow(): Promise<void> {
    try {
      // One that nobody has begun with is made to be told of its end: it may hold something already.
      this.#items ??= this.#source[Symbol.asyncIterator]();
      await this.#items.return?.();
    } catch (error) {
      const { request } = this.#session;
      if (!request.isOfAbort(error)) logFailure("failed while it cleaned up", error, request);
    }
  }

  #watchTimeout(): void {
    const { request, place } = this.#session;
    const { timeout } = request;
    if (timeout === undefined) return;
    const error = tookTooLong(timeout, request);
    const onDeadline = (): void => {
      this.#fail(new Refusal(error));
      request.abort(error);
    };
    this.#timeout = { tick: 0, onDeadline };
    place.deadlines.add(this.#timeout, performance.now() + timeout);
  }
}

function cutOff(): DOMException {
  return new DOMException("The link that the stream went out on is gone", "AbortError");
}
