import type { JobBench } from "../../support/job_bench.ts";

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

  /** Those of these that were not ended. */
  missing(ids: Iterable<string>): string[] {
    return [...ids].filter((id) => !this.counts.has(id));
  }
}
