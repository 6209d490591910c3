/** Whether a value can be listened to as an AbortSignal; it may come from another realm. */
export function isSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === "object" && value !== null && "aborted" in value && "throwIfAborted" in value
  );
}

interface Watch {
  readonly callbacks: Set<() => void>;
  readonly detach: () => void;
}

/**
 * Who waits for a signal's abort. One listener serves them all: with more than ten on one signal, Node warns of a leak. Held
 * by signal, because serializers that know nothing of each other share a caller's.
 */
const watched = new WeakMap<AbortSignal, Watch>();

/**
 * Calls back when a signal aborts.
 *
 * @returns takes the callback away again
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const watch = watched.get(signal) ?? watchSignal(signal);
  const entry = () => callback();
  watch.callbacks.add(entry);
  return () => {
    if (!watch.callbacks.delete(entry) || watch.callbacks.size > 0) return;
    watched.delete(signal);
    watch.detach();
  };
}

function watchSignal(signal: AbortSignal): Watch {
  const callbacks = new Set<() => void>();
  const listener = () => {
    // A copy: callbacks take themselves and others away.
    for (const each of [...callbacks]) each();
  };
  signal.addEventListener("abort", listener, { once: true });
  const watch = { callbacks, detach: () => signal.removeEventListener("abort", listener) };
  watched.set(signal, watch);
  return watch;
}

/** An abort signal for work that belongs together: it aborts with an outer signal, or when the work says so. */
export class Stop {
  readonly #controller = new AbortController();
  readonly #detach: (() => void)[] = [];

  constructor(...outer: readonly (AbortSignal | undefined)[]) {
    for (const signal of outer) {
      if (signal?.aborted) this.#controller.abort(signal.reason);
      else if (signal)
        this.#detach.push(onAbort(signal, () => this.#controller.abort(signal.reason)));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Leaves the outer signals alone. */
  detach(): void {
    for (const detach of this.#detach) detach();
  }
}
