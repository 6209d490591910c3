import type { JobTask } from "../jobs/job_task.ts";
import type { RPCTask } from "./rpc_task.ts";

/** A module that `registerTasks()` has imported. */
export interface TaskModule {
  /** The file's absolute path. */
  readonly path: string;
  /** The tasks of the default registry that came with it. */
  readonly tasks: readonly RPCTask[];
  /** The jobs of the default registry that came with it. */
  readonly jobs: readonly JobTask[];
}

/** Options of `registerTasks()`. */
export interface RegisterTasksOptions {
  /** Where relative patterns begin. @default {the working directory} */
  readonly cwd?: string;
}
