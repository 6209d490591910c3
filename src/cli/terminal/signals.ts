import { constants } from "node:os";
import process from "node:process";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Two signals within this time, in milliseconds, are one: a terminal interrupts all processes at once, and some runners of
 * scripts, such as bunx, pass it on to those that have it already.
 */
const ONE_SIGNAL = 500;

/**
 * Calls `stop` at the first SIGINT or SIGTERM; the second leaves at once, with 128 plus the signal's number as shells
 * count it, after `leave`.
 */
export function onStopSignal(stop: (signal: string) => void, leave = (): void => {}): void {
  let stoppingSince: number | undefined;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (stoppingSince === undefined) {
        stoppingSince = performance.now();
        stop(signal);
      } else if (performance.now() - stoppingSince > ONE_SIGNAL) {
        leave();
        process.exit(128 + constants.signals[signal]);
      }
    });
  }
}
