import type { Closeable } from "../../rows/row.ts";

/** A way to send jobs and to do them. */
export interface JobRow {
  openSender(target: JobTarget): Promise<JobSender>;
  /** Does jobs, so many at a time, until closed. */
  openWorker(target: JobTarget, concurrency: number, handle: Handle): Promise<Closeable>;
}

/** Where jobs go. The queue exists. */
export interface JobTarget {
  /** The address of the broker, or of Redis. */
  readonly url: string;
  readonly route: string;
  /** The queue of the route, in every row that uses a broker: the one that this library declares. */
  readonly queue: string;
}

export interface JobSender extends Closeable {
  /** Resolves when the job is stored. */
  send(input: unknown): Promise<unknown>;
}

/** The handler of every row. */
export type Handle = (input: unknown) => void;
