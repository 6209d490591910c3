/** Where the items of a stream come from. */
export interface ItemSource {
  /** Settles with what the generator returned, or with the reason why that never comes. */
  readonly result: Promise<unknown>;
  next(): Promise<IteratorResult<unknown, undefined>>;
  /** Ends the stream at its reader's wish. */
  stop(): void;
}

/**
 * The items of a task, as they come. Made by {@link RPCClient.stream}; it can be read once.
 *
 * The loop over it ends when the handler has no more items, and rejects when the handler or the link fails, after the items
 * that came before. Leaving the loop, in whatever way, ends the handler.
 */
export interface ItemStream<Item, Returned = unknown>
  extends AsyncIterableIterator<Item>, AsyncDisposable {
  /** The same items as a `ReadableStream`. Cancelling it ends the handler. */
  readonly readable: ReadableStream<Item>;
  /**
   * What the handler's generator returned: settles when the end has come, also while items are not taken; `null` where a
   * task gave a list. Rejects as the loop does, and with an `AbortError` when the reader left before the end.
   */
  readonly result: Promise<Returned>;
  /** The next item. Rejects with the error that ended the stream, once. */
  next(): Promise<IteratorResult<Item, undefined>>;
  /** Ends the stream and its handler. */
  return(): Promise<IteratorResult<Item, undefined>>;
  /** The same stream. */
  [Symbol.asyncIterator](): ItemStream<Item, Returned>;
  /** The same as {@link ItemStream.return}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The one implementation of it, over items of any type. */
export class ReaderStream implements ItemStream<unknown> {
  readonly #reader: ItemSource;
  #readable: ReadableStream<unknown> | undefined;

  constructor(reader: ItemSource) {
    this.#reader = reader;
  }

  get result(): Promise<unknown> {
    return this.#reader.result;
  }

  get readable(): ReadableStream<unknown> {
    const reader = this.#reader;
    this.#readable ??= new ReadableStream(
      {
        async pull(controller) {
          const { done, value } = await reader.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: () => reader.stop(),
      },
      // Without a store of its own: what is not taken holds up the worker.
      { highWaterMark: 0 },
    );
    return this.#readable;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#reader.next();
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#reader.stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
