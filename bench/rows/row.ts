/** What is measured against the others: a library, or a way to use one. */
export interface Row {
  /** Serves the route with an echo, until closed. */
  openWorker(target: Target): Promise<Closeable>;
  /** Opens what calls the route; connected when it resolves. */
  openClient(target: Target): Promise<Client>;
}

export interface Target {
  readonly url: string;
  /** The queue's name, or what a library makes one of. */
  readonly route: string;
  /** How many requests may be at the worker unanswered. */
  readonly prefetch: number;
}

export interface Closeable {
  close(): Promise<void>;
}

export interface Client extends Closeable {
  /** Sends a value, and resolves with the value that came back. */
  call(input: unknown): Promise<unknown>;
}

/** An input that no worker answers, to hold calls pending. */
export const HANG = { hang: true } as const;

/** The handler of every row. */
export function echo(input: unknown): unknown {
  return (input as { hang?: unknown }).hang === true ? new Promise(() => {}) : input;
}
