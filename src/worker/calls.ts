import type { RPCTask } from "../tasks/rpc_task.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { Delivery, Source } from "../transport/transport.ts";
import { RequestContext } from "./request_context.ts";
import type { Outcome } from "./run_task.ts";
import { runTask } from "./run_task.ts";
import { settleCall } from "./settle_call.ts";
import type { TaskKind } from "./task_kind.ts";

/** Tasks that are called: a queue of the route's name, and a reply for each request. */
export class Calls implements TaskKind<RPCTask> {
  readonly endsWithSender = true;
  readonly #maxBytes: number;

  /** @param maxBytes the largest request and reply, in bytes */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  sourceOf({ route, options }: RPCTask): Source {
    return { queue: route, declare: options.queue ?? {}, isAnswered: true };
  }

  createRequest(
    delivery: Delivery,
    route: string,
    _task: RPCTask | undefined,
    deadlines: Deadlines,
  ): RequestContext {
    return new RequestContext(delivery, route, deadlines);
  }

  run(task: RPCTask | undefined, request: RequestContext): Outcome | Promise<Outcome> {
    return runTask(task, request, this.#maxBytes);
  }

  settle(outcome: Outcome, request: RequestContext): void {
    settleCall(outcome, request, this.#maxBytes);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
