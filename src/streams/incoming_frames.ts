import type { Message } from "../messages/message.ts";
import { quote } from "../messages/printable.ts";
import type { ItemBuffer, ReaderWatcher } from "./item_buffer.ts";
import { END, ITEMS } from "./stream_types.ts";
import type { Window } from "./window.ts";

/** Who passes on to the sender of items what their reader does. */
export interface FrameWatcher {
  onCredit(): void;
  onStopped(): void;
}

/** How one side reads frames, and what it says of those that cannot be read. */
export interface FrameDialect {
  /** @throws whatever the stream fails with */
  read(frame: Message, maxBytes: number): unknown;
  unreadable(what: string): Error;
}

/** The frames of one stream as they come: their order, and how many more of them may come. */
export class IncomingFrames<Buffer extends ItemBuffer = ItemBuffer> implements ReaderWatcher {
  readonly reader: Buffer;
  readonly #window: Window;
  readonly #dialect: FrameDialect;
  #watcher: FrameWatcher | undefined;
  #next = 0;

  constructor(reader: Buffer, window: Window, dialect: FrameDialect) {
    this.reader = reader;
    this.#window = window;
    this.#dialect = dialect;
    reader.watch(this);
  }

  /** How many bytes of items may have been sent in all. */
  get allowed(): number {
    return this.#window.allowed;
  }

  /** Whether items have come, so that nobody else can begin anew. */
  get hasItems(): boolean {
    return this.#next > 0;
  }

  watch(watcher: FrameWatcher): void {
    this.#watcher = watcher;
  }

  /**
   * Takes the next frame.
   *
   * @returns what came with the end, when it is the end
   * @throws Error with which the stream fails
   */
  take(frame: Message, maxBytes: number): { readonly returned: unknown } | undefined {
    const { id = "", type = "", body } = frame;
    if (type !== ITEMS && type !== END)
      throw this.#unreadable(`its type ${quote(type)} is not known to this version`);
    if (id !== String(this.#next))
      throw this.#unreadable(`frame ${quote(id)} came in the place of frame ${this.#next}`);
    const bytes = body.byteLength;
    const value = this.#dialect.read(frame, maxBytes);
    if (type === END) return { returned: value };
    if (!Array.isArray(value)) throw this.#unreadable("a frame of items is not a list");
    this.#next++;
    this.#window.receive(bytes);
    const { allowed, received } = this.#window;
    // A sender goes over it by one frame at most.
    if (received > allowed + maxBytes)
      throw this.#unreadable(`more came than its reader has room for: ${received} bytes`);
    this.reader.push(value, bytes);
    return undefined;
  }

  onConsumed(bytes: number): void {
    if (this.#window.take(bytes)) this.#watcher?.onCredit();
  }

  onStopped(): void {
    this.#watcher?.onStopped();
  }

  #unreadable(what: string): Error {
    return this.#dialect.unreadable(what);
  }
}
