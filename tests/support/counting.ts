import type { Bench } from "./adapters.ts";

/** Counts from 1, a number each 5 ms. */
export async function* numbers(): AsyncGenerator<number> {
  for (let n = 1; ; n++) {
    yield n;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A task that counts, and how many of its generators have ended. */
export function counting(bench: Bench, route: string): { cleaned: number; begun: number } {
  const seen = { cleaned: 0, begun: 0 };
  bench.registry(route, async function* () {
    seen.begun++;
    try {
      yield* numbers();
    } finally {
      seen.cleaned++;
    }
  });
  return seen;
}
