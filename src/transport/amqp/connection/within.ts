import { clearTimeout, setTimeout } from "node:timers";

/**
 * Waits for `promise`, but no longer than that.
 *
 * @param keepsProcessAlive whether the wait alone keeps the process running
 * @throws Error when it took longer
 */
export async function within<T>(
  milliseconds: number,
  promise: Promise<T>,
  keepsProcessAlive = true,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${milliseconds} ms`)),
      milliseconds,
    );
    if (!keepsProcessAlive) timer.unref();
  });
  try {
    // oxlint-disable-next-line eslint/no-restricted-properties -- the caller gives a promise of its own
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
