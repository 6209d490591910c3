import { ProtocolError } from "../errors.ts";
import type { StreamEnd } from "../streams/item_buffer.ts";
import { ItemBuffer } from "../streams/item_buffer.ts";
import type { ItemSource } from "./item_stream.ts";
import type { CallOwner, ReplySink } from "./reply_sink.ts";

/** What a program reads a stream from. */
export class StreamReader extends ItemBuffer implements ReplySink, ItemSource {
  readonly owner: CallOwner;
  /** Settles with what the generator returned, or with the reason why that never comes. */
  readonly result: Promise<unknown>;
  readonly #route: string;
  #resolveResult: (value: unknown) => void = () => {};
  #rejectResult: (reason: unknown) => void = () => {};

  constructor(route: string, owner: CallOwner) {
    super();
    this.#route = route;
    this.owner = owner;
    this.result = new Promise((resolve, reject) => {
      this.#resolveResult = resolve;
      this.#rejectResult = reject;
    });
    // Whoever looks at it sees the rejection; nobody has to.
    this.result.catch(() => {});
  }

  /** The one reply to a request for a stream: a task that does not stream, or a worker that cannot. */
  item(reply: unknown): void {
    if (Array.isArray(reply)) return this.push(reply, 0);
    const rule = "its reply is not a list, and its handler yields no items";
    this.finish({ error: new ProtocolError(`Cannot stream "${this.#route}", because ${rule}`) });
  }

  end(returned: unknown = null): void {
    this.owner.onCallSettled();
    this.finish({ returned });
  }

  fail(error: unknown, atOnce = false): void {
    this.owner.onCallSettled();
    if (atOnce && !this.isOver) this.drop();
    this.finish({ error });
  }

  override finish(end: StreamEnd): void {
    if (this.isOver) return;
    if ("returned" in end) this.#resolveResult(end.returned);
    else this.#rejectResult(end.error);
    super.finish(end);
  }
}
