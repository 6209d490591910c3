import { logger } from "../log.ts";
import type { PendingCall } from "./pending_call.ts";

const log = logger("client");

type OnAbort = (call: PendingCall, signal: AbortSignal) => void;

/** Tells pending calls that their signal aborted. A signal may be an object of the program's own, whose methods throw. */
export class AbortWatch {
  readonly #groups = new Map<AbortSignal, AbortGroup>();
  readonly #onAbort: OnAbort;

  constructor(onAbort: OnAbort) {
    this.#onAbort = onAbort;
  }

  /** Throws what the signal throws; nothing is watched then. */
  add(signal: AbortSignal, call: PendingCall): void {
    let group = this.#groups.get(signal);
    if (!group) {
      group = new AbortGroup(signal, this.#onAbort);
      signal.addEventListener("abort", group);
      this.#groups.set(signal, group);
    }
    group.calls.add(call);
  }

  /** Stops listening to a signal with the last of its calls. */
  delete(signal: AbortSignal, call: PendingCall): void {
    const group = this.#groups.get(signal);
    if (!group?.calls.delete(call) || group.calls.size > 0) return;
    this.#groups.delete(signal);
    try {
      signal.removeEventListener("abort", group);
    } catch (error) {
      // The call has ended all the same, and its reply must not fail by this.
      log.error("cannot stop listening to the signal of a call of {route}: {error}", {
        route: call.route,
        error,
      });
    }
  }
}

/** Why a signal aborted. */
export function abortReason(signal: AbortSignal): unknown {
  try {
    const reason: unknown = signal.reason;
    return reason === undefined ? new DOMException("The call was aborted", "AbortError") : reason;
  } catch (error) {
    return error;
  }
}

/** The calls of one signal under one listener: with more than ten on one signal, Node warns of a leak. */
class AbortGroup {
  readonly calls = new Set<PendingCall>();
  readonly #signal: AbortSignal;
  readonly #onAbort: OnAbort;

  constructor(signal: AbortSignal, onAbort: OnAbort) {
    this.#signal = signal;
    this.#onAbort = onAbort;
  }

  handleEvent(): void {
    // A copy: what is aborted leaves the set.
    for (const call of [...this.calls]) this.#onAbort(call, this.#signal);
  }
}
