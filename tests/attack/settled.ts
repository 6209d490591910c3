import { BgtasksError } from "../../mod.ts";
import { EventLoopLag } from "../chaos/event_loop_lag.ts";

/** How much later than its deadline a call may settle, beside what the process itself is late, in milliseconds. */
export const SLACK = 100;

/** A call ends after a few turns of the event loop, each of which may be late: two timers, and a question to the broker. */
export const LATE_TURNS = 4;

/** What became of a promise. */
export interface Settled {
  readonly state: "resolved" | "rejected" | "pending";
  readonly value: unknown;
  readonly milliseconds: number;
  /** How late this process was for its own timers meanwhile. */
  readonly lag: number;
}

/** Waits until a promise settles, or for so long. Never rejects. */
export async function settled(promise: Promise<unknown>, patience: number): Promise<Settled> {
  using lag = new EventLoopLag();
  const since = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const outcome = await Promise.race([
    promise.then(
      (value) => ({ state: "resolved", value }) as const,
      (value: unknown) => ({ state: "rejected", value }) as const,
    ),
    new Promise<{ state: "pending"; value: undefined }>((resolve) => {
      timer = setTimeout(() => resolve({ state: "pending", value: undefined }), patience);
    }),
  ]);
  clearTimeout(timer);
  return { ...outcome, milliseconds: performance.now() - since, lag: lag.max };
}

/** Says why a promise did not settle in time; undefined when it did. */
export function lateness(
  { state, milliseconds, lag }: Settled,
  limit: number,
  what: string,
): string | undefined {
  if (state === "pending") return `${what} never settled (${Math.round(milliseconds)} ms)`;
  if (milliseconds <= limit + SLACK + LATE_TURNS * lag) return undefined;
  return `${what} settled after ${Math.round(milliseconds)} ms (at most ${limit} + ${SLACK}, the process late by ${Math.round(lag)})`;
}

/** A rejection in a word. */
export function codeOf(error: unknown): string {
  if (error instanceof BgtasksError) return error.code;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
