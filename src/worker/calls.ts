import { isRequestType } from "../streams/stream_types.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { Delivery, Source } from "../transport/transport.ts";
import { isAsyncIterable } from "./check_items.ts";
import { RequestContext } from "./request_context.ts";
import type { Outcome } from "./run_task.ts";
import { runTask } from "./run_task.ts";
import type { OpenInbox } from "./sessions.ts";
import { Sessions } from "./sessions.ts";
import { settleCall } from "./settle_call.ts";
import type { TaskKind } from "./task_kind.ts";

/** Tasks that are called: a queue of the route's name, and a reply for each request, or a stream of them. */
export class Calls implements TaskKind<RPCTask> {
  readonly endsWithSender = true;
  readonly #maxBytes: number;

  readonly #sessions: Sessions;

  /** @param maxBytes the largest request and reply, in bytes */
  constructor(maxBytes: number, openInbox: OpenInbox) {
    this.#maxBytes = maxBytes;
    this.#sessions = new Sessions(openInbox);
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
    const { type } = request.delivery.message;
    if (type === undefined || !isRequestType(type)) return runTask(task, request, this.#maxBytes);
    return this.#sessions.run(task, request, this.#maxBytes);
  }

  settle(outcome: Outcome, request: RequestContext): void | Promise<void> {
    const isPlain = request.delivery.message.type === undefined;
    if (isPlain && !(outcome.ok && isAsyncIterable(outcome.value)))
      return settleCall(outcome, request, this.#maxBytes);
    return this.#sessions.settle(outcome, request, this.#maxBytes);
  }

  /** Ends the streams that are still open, because the worker stops. */
  close(): Promise<void> {
    this.#sessions.stop();
    return Promise.resolve();
  }
}
