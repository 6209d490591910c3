import type { ConnectionLostError } from "../../errors.ts";
import type { Message, MessageBody } from "../../messages/message.ts";
import { TextBody } from "./text_body.ts";

/** Where replies go. */
export interface ReplyTarget {
  readonly name: string;
  reply(reply: LoopbackMessage): void;
  /** Breaks the link, as networks do; it is back at once. */
  lose(error: ConnectionLostError): void;
}

/** What a message says. */
export interface LoopbackContent {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly contentType: string;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>> | undefined;
  readonly replyTo?: ReplyTarget;
  /** The inbox of whoever sent it. */
  readonly inbox?: string | undefined;
  /** When it leaves its queue by itself, by `performance.now()`. */
  readonly expiresAt?: number;
  /** When it was sent, in seconds since 1970. */
  readonly timestamp?: number;
  /** The key that it was published with last. */
  readonly key?: string;
}

/** A message on its way through the loopback. */
export class LoopbackMessage implements Message {
  readonly contentEncoding: undefined;
  readonly appId: undefined;
  readonly content: LoopbackContent;
  /** How often it was delivered before and came back. */
  readonly deliveries: number;
  /** Where it stands among the messages of its queue: before those of higher numbers. */
  place = 0;
  /** When its queue gives it up, by `performance.now()`. */
  leavesAt: number = Infinity;

  constructor(content: LoopbackContent, { deliveries = 0 }: { readonly deliveries?: number } = {}) {
    this.content = content;
    this.deliveries = deliveries;
  }

  get redelivered(): boolean {
    return this.deliveries > 0;
  }

  get timestamp(): number | undefined {
    return this.content.timestamp;
  }

  get id(): string | undefined {
    return this.content.id;
  }

  get type(): string | undefined {
    return this.content.type;
  }

  get correlationId(): string | undefined {
    return this.content.correlationId;
  }

  get replyTo(): string | undefined {
    return this.content.inbox ?? this.content.replyTo?.name;
  }

  get contentType(): string {
    return this.content.contentType;
  }

  get body(): MessageBody {
    return new TextBody(this.content.text);
  }

  /** A copy for each reader, as from a wire: what one changes, no other sees. */
  get headers(): Readonly<Record<string, unknown>> {
    return { ...this.content.headers };
  }

  get isExpired(): boolean {
    const { expiresAt } = this.content;
    return expiresAt !== undefined && expiresAt <= performance.now();
  }
}
