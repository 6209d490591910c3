import type { PendingCall } from "./pending_call.ts";

/** Tells pending calls that their signal aborted. */
export class AbortWatch {
  readonly #groups = new Map<AbortSignal, AbortGroup>();
  readonly #onAbort: (call: PendingCall) => void;

  constructor(onAbort: (call: PendingCall) => void) {
    this.#onAbort = onAbort;
  }

  add(signal: AbortSignal, call: PendingCall): void {
    let group = this.#groups.get(signal);
    if (!group) {
      group = new AbortGroup(this.#onAbort);
      this.#groups.set(signal, group);
      signal.addEventListener("abort", group);
    }
    group.calls.add(call);
  }

  /** Stops listening to a signal with the last of its calls. */
  delete(signal: AbortSignal, call: PendingCall): void {
    const group = this.#groups.get(signal);
    if (!group?.calls.delete(call) || group.calls.size > 0) return;
    this.#groups.delete(signal);
    signal.removeEventListener("abort", group);
  }
}

/** The calls of one signal under one listener: with more than ten on one signal, Node warns of a leak. */
class AbortGroup {
  readonly calls = new Set<PendingCall>();
  readonly #onAbort: (call: PendingCall) => void;

  constructor(onAbort: (call: PendingCall) => void) {
    this.#onAbort = onAbort;
  }

  handleEvent(): void {
    // A copy: what is aborted leaves the set.
    for (const call of [...this.calls]) this.#onAbort(call);
  }
}
