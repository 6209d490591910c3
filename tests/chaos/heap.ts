/** Bytes of the heap that are in use, after everything that can be collected was. Needs `--expose-gc` where V8 runs. */
export async function usedHeap(): Promise<number> {
  const { Bun, gc = Bun && (() => Bun.gc(true)) } = globalThis as {
    gc?: () => void;
    Bun?: { gc(force: boolean): void };
  };
  if (!gc) throw new Error("Cannot measure the heap without node --expose-gc");
  let least = Infinity;
  // What promises and finalizers hold goes with a later turn.
  for (let round = 0; round < 5; round++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

export function megabytes(bytes: number): number {
  return Math.round((bytes / 1_024 ** 2) * 100) / 100;
}
