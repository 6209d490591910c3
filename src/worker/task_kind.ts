import type { TaskRecord } from "../tasks/rpc_task.ts";
import type { Source } from "../transport/transport.ts";
import type { RequestContext } from "./request_context.ts";
import type { Outcome } from "./run_task.ts";

/** What a worker does for one kind of tasks alone: where their messages come from, and what becomes of an outcome. */
export interface TaskKind<in Task extends TaskRecord = never> {
  /** The largest body that is read, in bytes. */
  readonly maxBytes: number;
  sourceOf(task: Task): Source;
  /** Has a request answered by a task; by none when it is served no more. Never throws and never rejects. */
  run(task: TaskRecord | undefined, request: RequestContext): Outcome | Promise<Outcome>;
  /** Tells whoever waits for it, and ends the delivery. Never throws and never rejects. */
  settle(outcome: Outcome, request: RequestContext): void | Promise<void>;
}
