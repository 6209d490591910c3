import { JSON_TYPE } from "../messages/content_type.ts";
import type { MessageHeaders } from "../messages/message.ts";
import { OPEN } from "../streams/stream_types.ts";
import { MAX_WINDOW } from "../streams/window.ts";
import type { Deadlines, Expiring } from "../time/deadlines.ts";
import type { IncomingItems } from "./incoming_items.ts";
import type { RequestContext } from "./request_context.ts";

/** How long a handler runs before its caller is told where to say that it does not wait any more, in milliseconds. */
const OPEN_AFTER = 50;

/**
 * A stream's request is acknowledged after so long, in milliseconds: RabbitMQ up to 4.2 closes the channel of one that is
 * not acknowledged after 30 minutes.
 */
const ACK_AFTER = 15 * 60_000;

/** What a frame has beside its type and body. */
export interface FrameOptions {
  readonly id?: string;
  readonly headers?: MessageHeaders | undefined;
}

/** Where a session takes place. */
export interface SessionPlace {
  readonly deadlines: Deadlines;
  /** The queue that the caller may write to. */
  readonly inbox: string;
  /** The caller's own queue, by which it is known. */
  readonly caller: string;
}

/** A request whose caller may say something about it while it runs. */
export class Session implements Expiring {
  tick = 0;
  readonly request: RequestContext;
  readonly place: SessionPlace;
  readonly isStream: boolean;
  /** How many bytes of items its reader has room for; 0 in a plain request. */
  readonly window: number;
  /** What the caller sends along. */
  incoming: IncomingItems | undefined;
  /** How many bytes of items were sent. */
  sent = 0;
  /** Called when more may be sent. */
  onCredit: (() => void) | undefined;
  /** Called when it has gone on for so long that it gives its place back. */
  onLong: (() => void) | undefined;
  #allowed: number;
  #isKnown = false;
  #isOver = false;
  readonly #begunAt = performance.now();

  /** @param credit how many bytes of items may be sent at first; `undefined` for a plain request */
  constructor(request: RequestContext, place: SessionPlace, credit: number | undefined) {
    this.request = request;
    this.place = place;
    this.isStream = credit !== undefined;
    this.window = Math.min(credit ?? 0, MAX_WINDOW);
    this.#allowed = this.window;
    place.deadlines.add(this, this.#begunAt + OPEN_AFTER);
  }

  get id(): string {
    return this.request.correlationId;
  }

  /** How many bytes of items may be sent in all. */
  get allowed(): number {
    return this.#allowed;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lets more be sent, never less. What a peer says may be anything. */
  allow(bytes: number | undefined): void {
    if (bytes === undefined || !(bytes > this.#allowed)) return;
    this.#allowed = Math.max(this.#allowed, Math.min(bytes, this.sent + MAX_WINDOW));
    this.onCredit?.();
  }

  /** Takes the credit back that it began with. Resolves with the next one, or at the end. */
  takeCredit(): Promise<void> {
    this.#allowed = 0;
    return new Promise((resolve) => (this.onCredit = resolve));
  }

  /** Tells the caller where to write, unless it knows. */
  open(): void {
    if (!this.#isKnown && !this.#isOver) this.write(OPEN, "null");
  }

  /** @returns how many bytes the body takes; 0 when it reaches nobody */
  write(type: string, body: string, { id, headers }: FrameOptions = {}): number {
    const replyTo = this.#isKnown ? undefined : this.place.inbox;
    this.#isKnown = true;
    const { delivery } = this.request;
    return delivery.reply({ id, replyTo, type, body, contentType: JSON_TYPE, headers });
  }

  end(): void {
    this.#isOver = true;
    this.place.deadlines.delete(this);
    this.incoming?.fail(new DOMException("The request is over", "AbortError"));
    this.onCredit?.();
  }

  onDeadline(): void {
    const { deadlines } = this.place;
    const isLong = performance.now() - this.#begunAt >= ACK_AFTER;
    if (!isLong) {
      this.open();
      if (this.isStream) deadlines.add(this, this.#begunAt + ACK_AFTER);
      return;
    }
    this.request.delivery.ack();
    this.onLong?.();
  }
}
