import { TaskError, ValidationError } from "../errors.ts";
import { logger } from "../log.ts";
import type { Message } from "../messages/message.ts";
import { readBody, UnreadableBodyError } from "../messages/read_body.ts";
import { toValidationIssues } from "../schema/issues.ts";
import type { Schema } from "../schema/schema.ts";
import { validate } from "../schema/schema.ts";
import type { FrameWatcher } from "../streams/incoming_frames.ts";
import { IncomingFrames } from "../streams/incoming_frames.ts";
import { ItemBuffer } from "../streams/item_buffer.ts";
import { CANCEL, CREDIT } from "../streams/stream_types.ts";
import { Window } from "../streams/window.ts";
import type { Session } from "./session.ts";
import { Refusal } from "./task_failures.ts";

const log = /* @__PURE__ */ logger("worker");

/** What a caller sends along, as its handler takes it. Nothing comes before the handler asks for the first item. */
export class IncomingItems implements AsyncIterableIterator<unknown>, FrameWatcher {
  readonly #session: Session;
  readonly #schema: Schema;
  readonly #maxBytes: number;
  readonly #buffer = new ItemBuffer();
  readonly #frames: IncomingFrames;
  #isAskedFor = false;
  #taken = 0;

  /** @param maxBytes the largest frame that is read */
  constructor(session: Session, schema: Schema, maxBytes: number) {
    this.#session = session;
    this.#schema = schema;
    this.#maxBytes = maxBytes;
    const { route, signal } = session.request;
    this.#frames = new IncomingFrames(this.#buffer, new Window(undefined, maxBytes), {
      read: (frame, max) => readFrame(route, frame, max),
      unreadable: (what) => unreadable(route, what),
    });
    this.#frames.watch(this);
    signal.addEventListener("abort", () => this.fail(signal.reason), { once: true });
  }

  /** Whether the caller was asked for items, so that nobody else can take them. */
  get isAskedFor(): boolean {
    return this.#isAskedFor;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const next = this.#next();
    // One that a handler does not wait for may reject after the handler has replied.
    next.catch(() => {});
    return next;
  }

  async #next(): Promise<IteratorResult<unknown, undefined>> {
    if (!this.#isAskedFor && !this.#buffer.isOver) {
      this.#isAskedFor = true;
      this.onCredit();
    }
    const result = await this.#buffer.next();
    if (result.done) return result;
    const index = this.#taken++;
    const checked = validate(this.#schema, result.value);
    const { issues, ...accepted } = checked instanceof Promise ? await checked : checked;
    if (!issues) return { done: false, value: (accepted as { readonly value: unknown }).value };
    this.#buffer.stop();
    const placed = toValidationIssues(issues).map(({ message, path }) => {
      return { message, path: ["send", index, ...path] };
    });
    throw new Refusal(new ValidationError(`"${this.#session.request.route}"`, placed));
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#buffer.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Takes a frame of the caller. */
  take(frame: Message): void {
    // One that nobody asked for is made up, and one may come late.
    if (!this.#isAskedFor || this.#buffer.isOver) return log.debug("dropped a frame of items");
    try {
      const end = this.#frames.take(frame, this.#maxBytes);
      if (end) this.#buffer.finish(end);
    } catch (error) {
      this.#buffer.finish({ error });
      this.onStopped();
    }
  }

  /** No more come, because the request is over. */
  fail(error: unknown): void {
    if (this.#buffer.isOver) return;
    this.#buffer.drop();
    this.#buffer.finish({ error });
  }

  onCredit(): void {
    this.#session.write(CREDIT, String(this.#frames.allowed));
  }

  onStopped(): void {
    if (this.#isAskedFor) this.#session.write(CANCEL, "null");
  }
}

function readFrame(route: string, { body }: Message, maxBytes: number): unknown {
  try {
    return readBody(body, maxBytes);
  } catch (error) {
    if (!(error instanceof UnreadableBodyError)) throw error;
    if (error.reason !== "too_large") throw unreadable(route, `a frame has ${error.message}`);
    const rule = `Items for "${route}" must be at most ${maxBytes} bytes: ${body.byteLength}`;
    throw new Refusal(new TaskError("too_large", rule));
  }
}

function unreadable(route: string, what: string): Refusal {
  return new Refusal(
    new TaskError("bad_request", `Cannot read the items for "${route}", because ${what}`),
  );
}
