import type { JobTarget } from "./rows/job_row.ts";

/** What the runner asks of a process that sends jobs or does them. */
export type JobCommand =
  | { readonly do: "open"; readonly row: string; readonly target: JobTarget }
  | { readonly do: "send"; readonly jobs: number; readonly unconfirmed: number }
  /** Begins to do jobs, and counts so many. */
  | { readonly do: "work"; readonly concurrency: number; readonly jobs: number }
  /** Answers with a {@link JobDrive} when they are done. */
  | { readonly do: "handled" }
  /** Does no more, and answers how many were done. */
  | { readonly do: "rest" }
  | { readonly do: "close" };

/** What a process did for some jobs. */
export interface JobDrive {
  readonly jobs: number;
  /** In milliseconds of this machine's clock. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** CPU time of this process meanwhile, in microseconds. */
  readonly cpu: number;
}
