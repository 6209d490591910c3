// The real ones, also while the time of a test is fake: what runs soon waits for nobody.
const { setTimeout } = globalThis;
const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };

/** Runs a callback as a task of its own: after the microtasks of this one, and whatever they add. */
export function runAsTask(callback: () => void): void {
  if (setImmediate) setImmediate(callback);
  else setTimeout(callback, 0);
}
