import type { ConnectionLostError } from "../../errors.ts";
import type { Message, MessageBody, MessageHeaders } from "../../messages/message.ts";
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
  readonly headers: MessageHeaders | undefined;
  readonly replyTo?: ReplyTarget;
  /** The inbox of whoever sent it. */
  readonly inbox?: string | undefined;
  /** When it leaves its queue by itself, by `performance.now()`. */
  readonly expiresAt?: number;
}

/** A message on its way through the loopback. */
export class LoopbackMessage implements Message {
  readonly contentEncoding: undefined;
  readonly appId: undefined;
  readonly content: LoopbackContent;
  readonly redelivered: boolean;

  constructor(content: LoopbackContent, redelivered = false) {
    this.content = content;
    this.redelivered = redelivered;
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
