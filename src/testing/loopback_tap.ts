import type { Message } from "../messages/message.ts";
import type { LoopbackWatcher } from "../transport/loopback/loopback_broker.ts";
import { processLoopback } from "../transport/loopback/loopback_broker.ts";
import type { LoopbackMessage } from "../transport/loopback/loopback_message.ts";
import type { Target } from "../transport/transport.ts";

/** Who looks at the calls that pass. */
export interface CallObserver {
  onRequest(route: string, message: LoopbackMessage): void;
  onPublish(message: LoopbackMessage, target: Target): void;
  /** A call ended, by a reply or without one. */
  onOutcome(correlationId: string, outcome: { readonly reply: Message } | string): void;
}

/** Who takes requests out of the way. */
export interface CallDetour {
  readonly route: string;
  /** Says true when it takes this one, which it may send on by `proceed`. */
  take(message: LoopbackMessage, proceed: () => void): boolean;
}

/** The recorders and faults of all tests of this process. It stands in the loopback's way only while there are any. */
class LoopbackTap implements LoopbackWatcher {
  readonly #observers = new Set<CallObserver>();
  readonly #detours = new Set<CallDetour>();

  observe(observer: CallObserver): Disposable {
    return this.#keep(this.#observers, observer);
  }

  detour(detour: CallDetour): Disposable {
    return this.#keep(this.#detours, detour);
  }

  /** Tells observers that a call ended without a reply. */
  tellFailed(correlationId: string, code: string): void {
    for (const observer of this.#observers) observer.onOutcome(correlationId, code);
  }

  onRequest(route: string, message: LoopbackMessage, proceed: () => void): boolean {
    for (const observer of this.#observers) observer.onRequest(route, message);
    // The last one first, as it was put before the others.
    const detours = [...this.#detours].filter((detour) => detour.route === route).reverse();
    return detours.some((detour) => detour.take(message, proceed));
  }

  onPublish(message: LoopbackMessage, target: Target): void {
    for (const observer of this.#observers) observer.onPublish(message, target);
  }

  onUnroutable({ correlationId = "" }: LoopbackMessage): void {
    this.tellFailed(correlationId, "no_route");
  }

  onReply(reply: Message): void {
    for (const observer of this.#observers)
      observer.onOutcome(reply.correlationId ?? "", { reply });
  }

  #keep<T>(set: Set<T>, item: T): Disposable {
    set.add(item);
    processLoopback.watcher = this;
    return {
      [Symbol.dispose]: () => {
        set.delete(item);
        if (this.#observers.size + this.#detours.size === 0) processLoopback.watcher = undefined;
      },
    };
  }
}

export const loopbackTap: LoopbackTap = new LoopbackTap();
