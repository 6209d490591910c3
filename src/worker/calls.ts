import { isRequestType } from "../streams/stream_types.ts";
import type { RPCTask, TaskRecord } from "../tasks/rpc_task.ts";
import type { Source } from "../transport/transport.ts";
import { isAsyncIterable } from "./check_items.ts";
import type { RequestContext } from "./request_context.ts";
import type { Outcome } from "./run_task.ts";
import { runTask } from "./run_task.ts";
import type { OpenInbox } from "./sessions.ts";
import { Sessions } from "./sessions.ts";
import { settleCall } from "./settle_call.ts";
import type { TaskKind } from "./task_kind.ts";

/** Tasks that are called: a queue of the route's name, and a reply for each request, or a stream of them. */
export class Calls implements TaskKind<RPCTask> {
  /** The largest request and reply, in bytes. */
  readonly maxBytes: number;

  readonly #sessions: Sessions;

  constructor(maxBytes: number, openInbox: OpenInbox) {
    this.maxBytes = maxBytes;
    this.#sessions = new Sessions(openInbox);
  }

  sourceOf({ route, options }: RPCTask): Source {
    return { queue: route, declare: options.queue ?? {}, bindings: [], isAnswered: true };
  }

  run(task: TaskRecord | undefined, request: RequestContext): Outcome | Promise<Outcome> {
    const { type } = request.delivery.message;
    if (type === undefined || !isRequestType(type)) return runTask(task, request, this.maxBytes);
    return this.#sessions.run(task, request, this.maxBytes);
  }

  settle(outcome: Outcome, request: RequestContext): void | Promise<void> {
    const isPlain = request.delivery.message.type === undefined;
    if (isPlain && !(outcome.ok && isAsyncIterable(outcome.value)))
      return settleCall(outcome, request, this.maxBytes);
    return this.#sessions.settle(outcome, request, this.maxBytes);
  }

  /** Ends the streams that are still open, because the worker stops. */
  stop(): void {
    this.#sessions.stop();
  }
}
