import { ProtocolError } from "../errors.ts";
import type { Message } from "../messages/message.ts";
import { quote } from "../messages/printable.ts";
import { END, ITEMS } from "../streams/stream_types.ts";
import { readAnswer } from "./read_reply.ts";
import type { ReaderWatcher, StreamReader } from "./stream_reader.ts";

/** How a stream is asked for. */
export interface StreamTerms {
  /** How many bytes of items its worker may be ahead of its reader. */
  readonly window: number;
  /** How long it may take in all, in milliseconds. */
  readonly deadline: number | undefined;
}

/** Who passes on to a worker what the reader of its stream does. */
export interface FrameWatcher {
  onCredit(): void;
  onStopped(): void;
}

/** The frames of one stream: their order, and how many more of them may come. */
export class StreamFrames implements ReaderWatcher {
  readonly reader: StreamReader;
  readonly terms: StreamTerms;
  /** Whether a worker has begun. */
  isBegun = false;
  readonly #route: string;
  #watcher: FrameWatcher | undefined;
  #next = 0;
  #received = 0;
  #consumed = 0;
  #allowed: number;

  constructor(route: string, reader: StreamReader, terms: StreamTerms) {
    this.#route = route;
    this.reader = reader;
    this.terms = terms;
    this.#allowed = terms.window;
    reader.watch(this);
  }

  /** How many bytes of items the worker may have sent in all. */
  get allowed(): number {
    return this.#allowed;
  }

  /** Whether items have come, so that no other worker can begin anew. */
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
   * @throws BgtasksError with which the stream fails
   */
  take(frame: Message, maxBytes: number): { readonly returned: unknown } | undefined {
    const { id = "", type = "", body } = frame;
    if (type !== ITEMS && type !== END)
      throw this.#unreadable(`its type ${quote(type)} is not known to this version`);
    if (id !== String(this.#next))
      throw this.#unreadable(`frame ${quote(id)} came in the place of frame ${this.#next}`);
    const bytes = body.byteLength;
    const value = readAnswer(this.#route, frame, maxBytes);
    if (type === END) return { returned: value };
    if (!Array.isArray(value)) throw this.#unreadable("a frame of items is not a list");
    this.#next++;
    this.#received += bytes;
    // A worker goes over it by one frame at most.
    if (this.#received > this.#allowed + maxBytes)
      throw this.#unreadable(`more came than its reader has room for: ${this.#received} bytes`);
    this.reader.push(value, bytes);
    return undefined;
  }

  onConsumed(bytes: number): void {
    this.#consumed += bytes;
    const { window } = this.terms;
    // Not for every frame: a word to the worker costs as much as a frame does.
    if (this.#consumed + window - this.#allowed < window / 2) return;
    this.#allowed = this.#consumed + window;
    this.#watcher?.onCredit();
  }

  onStopped(): void {
    this.#watcher?.onStopped();
  }

  #unreadable(what: string): ProtocolError {
    return new ProtocolError(`Cannot read the stream of "${this.#route}", because ${what}`);
  }
}
