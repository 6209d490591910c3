import type { Bench } from "./adapters.ts";

/** A task that counts, an item each 5 ms, and how many of its generators have ended. */
export function counting(bench: Bench, route: string): { cleaned: number; begun: number } {
  const seen = { cleaned: 0, begun: 0 };
  bench.registry(route, async function* () {
    seen.begun++;
    try {
      for (let n = 1; ; n++) {
        yield n;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      seen.cleaned++;
    }
  });
  return seen;
}
