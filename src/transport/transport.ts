import type { BgtasksError } from "../errors.ts";
import type { QueueOptions } from "../tasks/rpc_task.ts";

/**
 * What carries requests and replies: RabbitMQ, or this process alone. Callers and workers know no more of it than this
 * file; bodies are text that travels as UTF-8, names are strings.
 */
export interface Transport {
  /** Opens the calling side. It connects by itself, and again after every loss, until closed. */
  openCaller(events: CallerEvents): CallerLink;
  /** Opens the serving side. It connects by itself, and again after every loss, until closed. */
  openServer(events: LinkEvents): ServerLink;
}

/** Where a link stands. */
export type LinkStatus =
  | { readonly state: "idle" }
  | { readonly state: "connecting"; readonly attempt: number }
  | { readonly state: "ready"; readonly host: string }
  | { readonly state: "blocked"; readonly host: string; readonly reason: string }
  | {
      readonly state: "waiting";
      readonly attempt: number;
      readonly delay: number;
      readonly error: BgtasksError;
    }
  | { readonly state: "refused"; readonly error: BgtasksError }
  | { readonly state: "closed" };

/** What a link tells. */
export interface LinkEvents {
  /** Called after every change of {@link LinkStatus}. */
  onStatus(status: LinkStatus): void;
}

/** What a caller's link tells. */
export interface CallerEvents extends LinkEvents {
  /** The link takes requests: for the first time, again after a loss, or after the broker had blocked it. */
  onReady(): void;
  /**
   * The link dropped: no request that went out before gets its reply any more.
   *
   * @param maxRequestBytes given when the broker dropped it as a request had more bytes than it takes
   */
  onLost(error: BgtasksError, maxRequestBytes?: number): void;
  onReply(reply: IncomingReply): void;
  /**
   * No queue takes this request.
   *
   * @param detail what the transport knows about the reason
   */
  onUnroutable(correlationId: string, detail?: string): void;
}

/** A link's side that calls. */
export interface CallerLink {
  readonly status: LinkStatus;
  /**
   * Sends a request.
   *
   * @returns true when it is out, false when the link is not ready and it has to be sent again at `onReady`, and an error
   *   when this link can never carry it
   */
  send(request: OutgoingRequest): boolean | BgtasksError;
  /** How many consumers serve a route; 0 for one without a queue, `undefined` when nobody can tell. */
  countConsumers(route: string): Promise<number | undefined>;
  /** Closes the link once what was sent has left this process. */
  close(): Promise<void>;
}

export interface OutgoingRequest {
  readonly route: string;
  readonly correlationId: string;
  readonly body: string;
  /** When nobody waits for the reply any more, by `performance.now()`. */
  readonly expiresAt: number;
  readonly headers: MessageHeaders | undefined;
  /** How many bytes the body took; a link whose broker may find it too large writes this when it sends. */
  sentBytes: number;
}

/** What a caller may send beside the body. */
export type MessageHeaders = Readonly<Record<string, string | number | boolean>>;

/** A body that came in. */
export interface MessageBody {
  readonly byteLength: number;
  isLongerThan(bytes: number): boolean;
  /** Reads the text; only once, as it is not kept. @returns undefined when the bytes are not UTF-8 */
  readText(): string | undefined;
}

export interface IncomingReply {
  readonly correlationId: string;
  readonly body: MessageBody;
  /** The code of a framework failure, empty if it is not text; `undefined` when the handler answered. */
  readonly errorCode: string | undefined;
}

/** A link's side that serves. */
export interface ServerLink {
  readonly status: LinkStatus;
  /** Declares the route's queue and takes requests from it, after every reconnect anew. */
  serve(route: string, options: ServeOptions): Intake;
  /** Closes the link once the broker has taken the last replies and acknowledgements, or the time for that is over. */
  close(goodbye?: Goodbye): Promise<void>;
}

/** How long what was sent last may take to reach the broker when a link is closed, in milliseconds. */
export interface Goodbye {
  /** @default {2_000} */
  readonly patience?: number;
  /** For the same again, if something is still seen to be on its way when the patience is over. @default {0} */
  readonly extension?: number;
}

export interface ServeOptions {
  readonly queue: QueueOptions;
  /** How many requests may be here unanswered at a time. */
  readonly prefetch: number;
}

/** The requests of one route, until stopped. */
export interface Intake extends AsyncIterable<Delivery> {
  /** Settles when requests come in for the first time; rejects when the broker refuses for good. */
  readonly ready: Promise<void>;
  /** The next request if it is here already: what came together is then taken without a promise for each. */
  take(): Delivery | undefined;
  /**
   * Lets others go first, because there is no place here: what came and was not taken goes back to its queue, and from now
   * on a request comes only if nobody else can take it, so many at a time. {@link resume} ends that.
   */
  yield(prefetch: number): void;
  /** Takes requests as before {@link yield}. */
  resume(): void;
  /** Takes no more; what came in and was not iterated over goes back to the queue. The iteration ends. */
  stop(): Promise<void>;
}

/** One request, to be ended by exactly one of `respond`, `ack` and `release`. */
export interface Delivery {
  readonly route: string;
  /** Whether its caller is in this process. @default {false} */
  readonly isLocal?: boolean;
  readonly body: MessageBody;
  readonly correlationId: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly redelivered: boolean;
  /** Whether it can go back to its queue without harm: one that counts deliveries drops what comes back too often. */
  readonly mayGoBack: boolean;
  /** Whether it is no longer ours, because its link is gone or it has been ended: the broker delivers it again or not. */
  readonly isStale: boolean;
  /** Whether its caller has surely stopped waiting, whatever the clocks of both machines say. */
  readonly isExpired: boolean;
  /** The largest reply that the broker is known to take, in bytes. */
  readonly maxReplyBytes: number;
  /** When the caller stops waiting, by `performance.now()`; `undefined` if it did not say. */
  readonly expiresAt: number | undefined;
  /** Sends the reply, then acknowledges the request. `errorCode` marks a framework failure. */
  respond(body: string, errorCode?: string): void;
  /** Acknowledges without a reply. */
  ack(): void;
  /** Gives the request back to the queue. */
  release(): void;
}
