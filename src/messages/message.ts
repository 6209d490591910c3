/** What may be sent beside a body. */
export type MessageHeaders = Readonly<Record<string, string | number | boolean>>;

/** A body that came in. */
export interface MessageBody {
  readonly byteLength: number;
  isLongerThan(bytes: number): boolean;
  /** Reads the text; only once, unless it is kept. @returns undefined when the bytes are not UTF-8 */
  readText(): string | undefined;
  /** The bytes as they came, in place of the text; only once. @returns undefined when there were too many to be kept */
  readBytes(): Uint8Array | undefined;
  /** Lets the text be read as often as wanted. */
  keepText(): void;
}

/** A message that came in. */
export interface Message {
  readonly body: MessageBody;
  readonly id: string | undefined;
  /** What kind of message it is; `undefined` in a plain request and in its reply. */
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  /** When it was sent, in seconds since 1970 by its sender's clock, if that told. */
  readonly timestamp: number | undefined;
  /** Where its sender takes answers. */
  readonly replyTo: string | undefined;
  /** What its sender calls itself, if it does. */
  readonly appId: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Whether it may have been delivered before. */
  readonly redelivered: boolean;
}
