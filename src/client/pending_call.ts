import type { Expiring } from "../time/deadlines.ts";
import type { OutgoingRequest } from "../transport/transport.ts";
import type { MessageHeaders } from "../messages/message.ts";
import { CANCELLABLE, DUPLEX, STREAM, UPLOAD } from "../streams/stream_types.ts";
import type { ItemSender } from "./item_sender.ts";
import type { ReplySink } from "./reply_sink.ts";
import type { Retry } from "./retry.ts";
import type { StreamFrames } from "./stream_frames.ts";

/** What a call is made with. */
export interface CallRequest {
  readonly route: string;
  /** JSON; empty once it is out and never goes out again. */
  body: string;
  /** In milliseconds. */
  readonly timeout: number;
  readonly headers: MessageHeaders | undefined;
  readonly signal: AbortSignal | undefined;
  /** That of the request that the call is made within. */
  readonly outerSignal: AbortSignal | undefined;
  readonly retry: boolean;
  /** Set where items are asked for. */
  readonly stream: StreamFrames | undefined;
  /** Set where items are sent along. */
  readonly sender: ItemSender | undefined;
}

/** Who is told when a call comes to its end without a reply. */
export interface CallWatcher {
  /** Called shortly before the deadline, and at it. */
  onCallDeadline(call: PendingCall): void;
}

/** One call that nobody has answered yet. */
export class PendingCall implements Expiring, OutgoingRequest {
  tick = 0;
  /** Its place in the table of calls. */
  readonly number: number;
  /** Whether it is out: when the link drops then, nobody knows whether its handler ran. */
  sent = false;
  /** How many bytes its body took when it went out. */
  sentBytes = 0;
  /** Set shortly before its deadline, when who serves its route is asked. */
  isNearEnd = false;
  /** The answer to that. */
  consumers: Promise<number | undefined> | undefined;
  /** Set for a call that says `retry`. */
  retry: Retry | undefined;
  /** The queue of the worker that has it, where that has said so. */
  inbox: string | undefined;
  readonly correlationId: string;
  /** By `performance.now()`. */
  readonly expiresAt: number;
  readonly #request: CallRequest;
  readonly #watcher: CallWatcher;
  #sink: ReplySink | undefined;

  constructor(
    number: number,
    correlationId: string,
    request: CallRequest,
    sink: ReplySink,
    watcher: CallWatcher,
  ) {
    this.number = number;
    this.correlationId = correlationId;
    this.#request = request;
    this.#sink = sink;
    this.expiresAt = performance.now() + request.timeout;
    this.#watcher = watcher;
  }

  get route(): string {
    return this.#request.route;
  }

  get type(): string | undefined {
    return typeOf(this.#request);
  }

  get timeout(): number {
    return this.#request.timeout;
  }

  get headers(): MessageHeaders | undefined {
    return this.#request.headers;
  }

  get signal(): AbortSignal | undefined {
    return this.#request.signal;
  }

  get outerSignal(): AbortSignal | undefined {
    return this.#request.outerSignal;
  }

  get stream(): StreamFrames | undefined {
    return this.#request.stream;
  }

  get sender(): ItemSender | undefined {
    return this.#request.sender;
  }

  get body(): string {
    return this.#request.body;
  }

  markSent(): void {
    this.sent = true;
    if (!this.retry) this.#request.body = "";
  }

  get owner(): object | undefined {
    return this.#sink?.owner;
  }

  /** Ends the call with its reply. */
  resolve(reply: unknown): void {
    const sink = this.#release();
    sink?.item(reply);
    sink?.end();
  }

  /** Ends a stream, whose items have come before. */
  finish(returned: unknown): void {
    this.#release()?.end(returned);
  }

  /** @param atOnce whether items that were not taken are dropped */
  reject(reason: unknown, atOnce = false): void {
    this.#release()?.fail(reason, atOnce);
  }

  /** When a stream has to have come to its end, by `performance.now()`. */
  get deadline(): number {
    const { expiresAt, timeout, stream } = this;
    return expiresAt - timeout + (stream?.terms.deadline ?? Infinity);
  }

  onDeadline(): void {
    this.#watcher.onCallDeadline(this);
  }

  // Under load V8 moves calls to its old generation. A call that is over would keep its reply alive until that is
  // collected, and a reply may be large.
  #release(): ReplySink | undefined {
    const sink = this.#sink;
    this.#sink = undefined;
    return sink;
  }
}

function typeOf({ stream, sender, signal, outerSignal }: CallRequest): string | undefined {
  if (sender) return stream ? DUPLEX : UPLOAD;
  if (stream) return STREAM;
  return signal || outerSignal ? CANCELLABLE : undefined;
}
