/** Where the replies to one request go. */
export interface ReplySink {
  /** Who made the request. */
  readonly owner: object;
  item(value: unknown): void;
  /** No more items come, but perhaps a last word. */
  end(returned?: unknown): void;
  /**
   * Something went wrong, and no more items come.
   *
   * @param atOnce whether what came before is of no use any more
   */
  fail(error: unknown, atOnce?: boolean): void;
}

/** Who made calls, and is told when one of them is over, just before its promise settles. */
export interface CallOwner {
  onCallSettled(): void;
}

/** Settles the promise of a call. */
export type Settle = (outcome: unknown) => void;

/** The sink of a call, which has one reply. */
export class OneReply implements ReplySink {
  readonly owner: CallOwner;
  readonly #resolve: Settle;
  readonly #reject: Settle;

  constructor(owner: CallOwner, resolve: Settle, reject: Settle) {
    this.owner = owner;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  item(value: unknown): void {
    this.owner.onCallSettled();
    this.#resolve(value);
  }

  end(): void {}

  fail(error: unknown): void {
    this.owner.onCallSettled();
    this.#reject(error);
  }
}
