/** Who waits for a signal's abort. One listener serves them all: with more than ten on one signal, Node warns of a leak. */
const watched = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when a signal aborts.
 *
 * @returns takes the callback away again
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = watched.get(signal);
  if (!callbacks) {
    const all = new Set<() => void>();
    callbacks = all;
    watched.set(signal, all);
    const listener = () => {
      // A copy: callbacks take themselves and others away.
      for (const each of [...all]) each();
    };
    signal.addEventListener("abort", listener, { once: true });
    detachers.set(all, () => signal.removeEventListener("abort", listener));
  }
  const entry = () => callback();
  callbacks.add(entry);
  return () => {
    if (!callbacks.delete(entry) || callbacks.size > 0) return;
    watched.delete(signal);
    detachers.get(callbacks)?.();
  };
}

const detachers = new WeakMap<Set<() => void>, () => void>();

/** An abort signal for work that belongs together: it aborts with the outer signal, or when the work says so. */
export class Stop {
  readonly #controller = new AbortController();
  readonly #detach: (() => void) | undefined;

  constructor(outer: AbortSignal | undefined) {
    if (outer?.aborted) this.#controller.abort(outer.reason);
    else if (outer) this.#detach = onAbort(outer, () => this.#controller.abort(outer.reason));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Leaves the outer signal alone. */
  detach(): void {
    this.#detach?.();
  }
}
