import { TaskError } from "../errors.ts";
import { byteLength, isLongerThan } from "../messages/byte_length.ts";
import { ERROR_HEADER } from "../messages/failure.ts";
import { writeJSON } from "../messages/json.ts";
import { BRACKETS, FrameBatch } from "../streams/frame_batch.ts";
import type { PumpOutlet } from "../streams/item_pump.ts";
import { ItemPump } from "../streams/item_pump.ts";
import { END, ITEMS } from "../streams/stream_types.ts";
import type { Expiring } from "../time/deadlines.ts";
import { logFailure, logReply } from "./request_log.ts";
import { tookTooLong } from "./run_task.ts";
import type { Session } from "./session.ts";
import { writeFailure } from "./settle_call.ts";
import { explainError, Refusal } from "./task_failures.ts";

/** How often to look whether the broker reads again, in milliseconds. */
const HELD_UP_INTERVAL = 20;

/** Sends the items of one stream to its reader. */
export class StreamSender implements PumpOutlet {
  /** What goes out here waits in this process, if the broker takes nothing. */
  readonly isOpen = true;
  readonly #session: Session;
  readonly #pump: ItemPump;
  readonly #maxBytes: number;
  readonly #onOver: () => void;
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
    this.#maxBytes = Math.min(maxBytes, session.request.delivery.maxReplyBytes);
    // A reader of little memory takes no large frames.
    const batch = new FrameBatch(Math.min(this.#maxBytes, session.window));
    this.#pump = new ItemPump(items, this, batch);
    this.#onOver = onOver;
  }

  /** Resolves when the generator has come to its end, whoever has ended it. Never rejects. */
  async run(): Promise<void> {
    const { request } = this.#session;
    const { signal } = request;
    signal.addEventListener("abort", this.#onAbort);
    request.stop = () => this.#stop();
    this.#session.onCredit = () => this.#pump.wake();
    this.#watchTimeout();
    try {
      if (signal.aborted) this.#onAbort();
      else await this.#sendAll();
    } catch (error) {
      this.#fail(error);
    }
    await this.#returned;
    signal.removeEventListener("abort", this.#onAbort);
  }

  mayPull(waiting: number): boolean {
    const { sent, allowed, request } = this.#session;
    return sent + waiting < allowed && !request.delivery.isHeldUp;
  }

  lookAgain(look: () => void): () => void {
    const { deadlines } = this.#session.place;
    const looking: Expiring = { tick: 0, onDeadline: look };
    if (this.#session.request.delivery.isHeldUp)
      deadlines.add(looking, performance.now() + HELD_UP_INTERVAL);
    return () => deadlines.delete(looking);
  }

  write(value: unknown): string {
    const item = writeJSON(value);
    if (!isLongerThan(this.#maxBytes - BRACKETS, item)) return item;
    const { route } = this.#session.request;
    const rule = `An item of "${route}" must be at most ${this.#maxBytes - BRACKETS} bytes: ${byteLength(item)}`;
    throw new Refusal(new TaskError("too_large", rule));
  }

  send(frame: string, id: string): void {
    const session = this.#session;
    session.sent += session.write(ITEMS, frame, { id });
    // Its channel is gone, and nobody tells: the broker delivers the request again.
    if (session.request.delivery.isCutOff) session.request.abandon(cutOff());
  }

  async #sendAll(): Promise<void> {
    const end = await this.#pump.run();
    if (end) this.#finish(end.returned);
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
    if (!this.#pump.isOver) {
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
    this.#pump.flush();
    if (this.#pump.isOver) return;
    const headers = errorCode === undefined ? undefined : { [ERROR_HEADER]: errorCode };
    this.#session.write(END, body, { id: String(this.#pump.frames), headers });
    if (request.startedAt !== undefined) logReply(request, { body, errorCode }, request.startedAt);
    this.#leave();
  }

  /** Its worker stops. What has begun never goes back to the queue. */
  #stop(): void {
    const { route } = this.#session.request;
    this.#fail(new Refusal(new TaskError("stopping", `The worker of "${route}" is stopping.`)));
  }

  readonly #onAbort = (): void => {
    if (this.#pump.isOver) return;
    this.#leave();
    this.#return();
  };

  #leave(): void {
    this.#pump.stop();
    this.#session.request.delivery.ack();
    if (this.#timeout) this.#session.place.deadlines.delete(this.#timeout);
    this.#onOver();
  }

  /** Lets the generator clean up; one that is waiting for something does so after that. */
  #return(): void {
    this.#returned ??= this.#returnNow();
  }

  async #returnNow(): Promise<void> {
    try {
      await this.#pump.returnItems();
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
