import type { BgtasksError } from "../errors.ts";
import type { Message, MessageHeaders } from "../messages/message.ts";
import type { QueueInspector } from "./queue_inspector.ts";
import type { Topology } from "./topology.ts";

/**
 * What carries messages: RabbitMQ, or this process alone. Whoever sends or takes messages knows no more of it than this
 * file; bodies are text that travels as UTF-8, names are strings. Each link connects by itself, and again after every
 * loss, until closed; but an inspector is for one operation, and is not opened again.
 */
export interface Transport {
  /** Opens a link for requests whose replies come back over it. */
  openCaller(events: CallerEvents): CallerLink;
  /** Opens a link for messages that the broker confirms. */
  openPublisher(events: LinkEvents): PublisherLink;
  /** Opens a link that takes messages from queues. */
  openConsumer(events: LinkEvents): ConsumerLink;
  /**
   * Opens a link to look into queues with.
   *
   * @throws ConnectionLostError when the broker cannot be reached, ConnectionRefusedError when it does not let us in
   */
  openInspector(): Promise<QueueInspector>;
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

/** What a caller's link tells. Whenever it becomes `ready`, what was not sent may be sent again. */
export interface CallerEvents extends LinkEvents {
  /**
   * The link dropped: no request that went out before gets its reply any more.
   *
   * @param maxRequestBytes given when the broker dropped it because a request had more bytes than it takes
   */
  onLost(error: BgtasksError, maxRequestBytes?: number): void;
  onReply(reply: Message): void;
  /**
   * No queue takes this request.
   *
   * @param detail what the transport knows about the reason
   */
  onUnroutable(correlationId: string, detail?: string): void;
  /** A word came back, because the queue it went to is gone, and with it the link of whoever read there. */
  onWordReturned(to: string): void;
}

/** A link for requests. */
export interface CallerLink {
  /**
   * Sends a request.
   *
   * @returns true when it is out, false when the link is not ready and it has to be sent again once it is, and an error
   *   when this link can never carry it
   */
  send(request: OutgoingRequest): boolean | BgtasksError;
  /**
   * Says something about a request that is under way.
   *
   * @returns how many bytes the body takes; 0 when the link is not ready
   * @throws BgtasksError when this link can never carry it
   */
  say(word: OutgoingWord): number;
  /** How many consumers a queue has; 0 for one that does not exist, `undefined` when nobody can tell. */
  countConsumers(queue: string): Promise<number | undefined>;
  /** Closes the link once what was sent has left this process. */
  close(): Promise<void>;
}

/** What a caller says about a request that is under way, to whoever works at it. */
export interface OutgoingWord {
  /** The queue of an {@link Inbox}. */
  readonly to: string;
  readonly type: string;
  /** Its place among several. */
  readonly id?: string | undefined;
  /** That of the request. */
  readonly correlationId: string;
  readonly body: string;
}

export interface OutgoingRequest {
  readonly route: string;
  /** What kind of message it is; `undefined` in a plain request. */
  readonly type: string | undefined;
  readonly correlationId: string;
  /** JSON. */
  readonly body: string;
  /** When nobody waits for the reply any more, by `performance.now()`. */
  readonly expiresAt: number;
  readonly headers: MessageHeaders | undefined;
  /** How many bytes the body took; a link whose broker may find it too large writes this when it sends. */
  sentBytes: number;
}

/** A link for messages that the broker confirms. */
export interface PublisherLink {
  /**
   * Publishes a message, and again after a loss of the link, with the same id, until the broker has confirmed it or it is
   * given up.
   *
   * @param giveUpAt by `performance.now()`
   * @throws BgtasksError when this link can never carry it, or when the broker does not let us in
   */
  publish(message: OutgoingMessage, target: Target, giveUpAt: number): Promise<Published>;
  /** Closes the link. What is not confirmed by then is given up. */
  close(goodbye?: Goodbye): Promise<void>;
}

export interface OutgoingMessage {
  /** The same however often it is sent. */
  readonly id: string;
  /** What kind of message it is. */
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly correlationId?: string | undefined;
  /** As bytes when it came from somebody else, and may be no text. */
  readonly body: string | Uint8Array;
  readonly headers: MessageHeaders | undefined;
}

/** Where a message goes: to the queues that an exchange has for a key, or to the one queue of that name. */
export interface Target {
  readonly exchange?: string;
  readonly key: string;
  /** What has to exist before. It is declared once on each connection, so those who publish there use one object. */
  readonly topology?: Topology;
}

/**
 * What became of a message: the broker has it; no queue takes it; the broker or a queue refuses it, e.g. because it is
 * full; it was sent and never confirmed, so that nobody knows; it was never sent.
 */
export type Published = "stored" | "unroutable" | "refused" | "unknown" | "unsent";

/** A link that takes messages from queues. */
export interface ConsumerLink {
  /**
   * Declares what a source names and takes messages from its queue, after every reconnect anew.
   *
   * @param prefetch how many messages may be here without an end at a time
   */
  consume(source: Source, prefetch: number): Intake;
  /**
   * Opens a queue that ends with this connection of the link, for what callers say about requests that are under way.
   *
   * @returns its name, which callers are told; undefined when the broker does not let us have one
   * @throws BgtasksError when the link is lost meanwhile
   */
  openInbox(inbox: Inbox): Promise<string | undefined>;
  /** Closes the link once the broker has taken the last replies and acknowledgements, or the time for that is over. */
  close(goodbye?: Goodbye): Promise<void>;
}

/** Who reads what callers say. */
export interface Inbox {
  onWord(word: Message): void;
  /** The queue is gone, and nothing comes from it any more. */
  onLost(): void;
}

/** How long what was sent last may take to reach the broker when a link is closed, in milliseconds. */
export interface Goodbye {
  /** @default {2_000} */
  readonly patience?: number;
  /** For the same again, if something is still seen to be on its way when the patience is over. @default {0} */
  readonly extension?: number;
}

/** Where messages come from. */
export interface Source {
  readonly queue: string;
  /** How the queue is declared when it does not exist. One that is there with other properties is used as it is. */
  readonly declare?: QueueOptions;
  /** What has to exist, the queue included, in place of `declare`. What is there with other properties is refused. */
  readonly topology?: Topology;
  /** Whether senders are answered. Where they are, a message that names a reply queue which is not its sender's is refused. */
  readonly isAnswered: boolean;
}

/** How a queue is declared, when it does not exist yet. */
export interface QueueOptions {
  /** Survives a restart of the broker. @default {true} */
  readonly durable?: boolean;
  /** `"quorum"` queues are replicated in a cluster. @default {"classic"} */
  readonly type?: "classic" | "quorum";
  /** Deletes the queue after this time without a consumer, in milliseconds. */
  readonly expires?: number;
  /** Further arguments of the declaration, e.g. `{ "x-max-length": 10_000 }`. */
  readonly arguments?: Readonly<Record<string, string | number | boolean>>;
}

/** The messages of one source, until stopped. */
export interface Intake extends AsyncIterable<Delivery> {
  /** Settles when messages come in for the first time; rejects when the broker refuses for good. */
  readonly ready: Promise<void>;
  /** The next message if it is here already: what came together is then taken without a promise for each. */
  take(): Delivery | undefined;
  /**
   * Lets others go first, because there is no place here: what came and was not taken goes back to its queue, and from now
   * on a message comes only if nobody else can take it, so many at a time. {@link resume} ends that.
   */
  yield(prefetch: number): void;
  /** Takes messages as before {@link yield}. */
  resume(): void;
  /** Takes no more; what came in and was not iterated over goes back to the queue. The iteration ends. */
  stop(): Promise<void>;
}

export interface OutgoingReply {
  /** Its place among several replies. */
  readonly id?: string | undefined;
  /** Where the caller may say something about its request. */
  readonly replyTo?: string | undefined;
  readonly body: string;
  readonly contentType: string;
  readonly headers: MessageHeaders | undefined;
  /** What kind of message it is. */
  readonly type: string | undefined;
}

/** One message that was delivered, to be ended by exactly one of `ack`, `release` and `reject`. */
export interface Delivery {
  readonly message: Message;
  /** Whether its sender is in this process. */
  readonly isLocal: boolean;
  /** Whether it can go back to its queue without harm: one that counts deliveries drops what comes back too often. */
  readonly mayGoBack: boolean;
  /** Whether it is no longer ours, because its link is gone or it has been ended: the broker delivers it again or not. */
  readonly isStale: boolean;
  /** When its sender stops waiting, by `performance.now()`; `undefined` if it did not say. */
  readonly expiresAt: number | undefined;
  /** Whether its sender has surely stopped waiting, whatever the clocks of both machines say. */
  readonly isExpired: boolean;
  /** The largest reply that the broker is known to take, in bytes. */
  readonly maxReplyBytes: number;
  /** Whether replies reach nobody any more: its link is gone, or it has gone back to its queue. */
  readonly isCutOff: boolean;
  /** Whether replies pile up here, because the broker does not take them. */
  readonly isHeldUp: boolean;
  /**
   * Sends a reply, if the sender waits for any; as often as wanted, also after {@link ack}.
   *
   * @returns how many bytes the body takes; 0 when it reaches nobody
   */
  reply(reply: OutgoingReply): number;
  /** Ends it: it was dealt with. */
  ack(): void;
  /** Gives it back to its queue. */
  release(): void;
  /** Refuses it: its queue's dead letters get it as it is, if there are any. */
  reject(): void;
}
