import type { RPCTask } from "../tasks/rpc_task.ts";
import type { Source } from "../transport/transport.ts";
import type { RequestContext } from "./request_context.ts";
import type { Outcome } from "./run_task.ts";
import { settleCall } from "./settle_call.ts";
import type { TaskKind } from "./task_kind.ts";

/** Tasks that are called: a queue of the route's name, and a reply for each request. */
export class Calls implements TaskKind<RPCTask> {
  /** The largest request and reply, in bytes. */
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  sourceOf({ route, options }: RPCTask): Source {
    return { queue: route, declare: options.queue ?? {}, isAnswered: true };
  }

  settle(outcome: Outcome, request: RequestContext): void {
    settleCall(outcome, request, this.maxBytes);
  }
}
