import type { TaskRecord } from "../tasks/rpc_task.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { Delivery, Source } from "../transport/transport.ts";
import type { RequestContext } from "./request_context.ts";
import type { Outcome } from "./run_task.ts";

/** What a worker does for one kind of tasks alone: where their messages come from, and what becomes of them. */
export interface TaskKind<
  Task extends TaskRecord = TaskRecord,
  Request extends RequestContext = RequestContext,
> {
  /** Whether a message is of no use any more once its sender has stopped waiting. */
  readonly endsWithSender: boolean;
  sourceOf(task: Task): Source;
  /** What the handler of a message is told; of a task that is no longer there, too. */
  createRequest(
    delivery: Delivery,
    route: string,
    task: Task | undefined,
    deadlines: Deadlines,
  ): Request;
  /** Runs the handler; at once where it needs no promise. Never throws and never rejects. */
  run(task: Task | undefined, request: Request): Outcome | Promise<Outcome>;
  /** Tells whoever waits for it, and ends the delivery. Never throws and never rejects. */
  settle(outcome: Outcome, request: Request): void | Promise<void>;
  /** What is not settled by now is given up: its deliveries go back. */
  close(): Promise<void>;
}
