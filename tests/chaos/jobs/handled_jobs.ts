import type { JobBench } from "../../support/job_bench.ts";

/** How often to look which jobs are missing, in milliseconds: that takes this process from the worker, which is in it. */
const LOOK_INTERVAL = 1_000;

/** What a worker in this process does with jobs: it counts them. */
export class HandledJobs {
  /** How often a handler ended, by the job's id. */
  readonly counts = new Map<string, number>();
  /** When each was ended for the first time, by `performance.now()`. */
  readonly endedAt = new Map<string, number>();

  /** Registers the job of a route. */
  constructor(bench: JobBench, route: string) {
    bench.jobs(route, async (_: unknown, { id }) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
      if (!this.endedAt.has(id)) this.endedAt.set(id, performance.now());
    });
  }

  /** How many were ended more than once. */
  get repeated(): number {
    return [...this.counts.values()].filter((count) => count > 1).length;
  }

  /** Waits for these, and gives up when none of them was ended for `patience` milliseconds. @returns how many are missing */
  async all(ids: ReadonlySet<string>, patience: number): Promise<number> {
    let left = this.missing(ids).length;
    let since = performance.now();
    while (left > 0 && performance.now() - since < patience) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
      const before = left;
      left = this.missing(ids).length;
      if (left < before) since = performance.now();
    }
    return left;
  }

  /** Those of these that were not ended. */
  missing(ids: Iterable<string>): string[] {
    return [...ids].filter((id) => !this.counts.has(id));
  }
}
