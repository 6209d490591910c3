import type { TaskContext, TaskHandler } from "../tasks/rpc_task.ts";
import type { JobError } from "./job_error.ts";
import type { ResolvedJobOptions } from "./job_options.ts";

/** What a handler knows of the job it does. */
export interface JobContext extends TaskContext {
  /**
   * The job's name, the same whenever it is delivered, retried or taken out of the dead letters. A job may be done twice,
   * e.g. when its worker died before it could say that it was done: this tells that it is the same.
   */
  readonly id: string;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** How many attempts there are at most; `Infinity` where a function decides on each retry. */
  readonly attempts: number;
  /** Why the attempt before failed; undefined in the first. */
  readonly lastError: JobError | undefined;
  /** When the job was sent, in milliseconds since 1970 by its sender's clock; undefined when the sender did not say. */
  readonly firstSentAt: number | undefined;
  /**
   * Puts the job off: the handler ends here, and the job runs again after this time, in milliseconds. The attempt does not count.
   *
   * @throws BgtasksError with `code` `"invalid_options"` when the time is not a delay that jobs may have
   */
  later(milliseconds: number): never;
  /** Gives the job up: the handler ends here, and the job goes to the dead letters. For what no other attempt can mend. */
  giveUp(reason: string): never;
}

/** A job of a registry: a plain record that carries its types. */
export interface JobTask<Route extends string = string, Input = unknown> {
  /** It is sent, and nobody waits for a result. */
  readonly kind: "job";
  /** What it is sent by. On the wire its queue is `bgtasks.job.` and this. */
  readonly route: Route;
  /** How it is checked, retried and served, without gaps. */
  readonly options: ResolvedJobOptions;
  /** What does it. */
  readonly handler: TaskHandler;
  /** Only for the compiler; never set. */
  readonly "~types"?: { readonly input: Input };
}
