import { TaskError } from "../errors.ts";
import { writeJSON } from "../messages/json.ts";
import { runAsTask } from "../time/next_task.ts";
import type { RequestContext } from "./request_context.ts";
import { logFailure } from "./request_log.ts";
import type { Outcome } from "./run_task.ts";
import { fail, succeed, within } from "./run_task.ts";
import { Refusal } from "./task_failures.ts";

/** So many items are taken before others get their turn. */
const ITEMS_PER_TURN = 1_000;

/**
 * Makes one list of all items, for a caller that asked for one reply. The generator ends early when the list gets larger
 * than a reply may be, or when nobody waits for it any more. Never rejects.
 */
export async function collectItems(
  items: AsyncIterable<unknown>,
  request: RequestContext,
  maxBytes: number,
): Promise<Outcome> {
  try {
    const { timeout } = request;
    const list = collect(items, request, maxBytes);
    return succeed(await (timeout === undefined ? list : within(timeout, list, request)));
  } catch (error) {
    return fail(error, request);
  }
}

async function collect(
  items: AsyncIterable<unknown>,
  request: RequestContext,
  maxBytes: number,
): Promise<unknown[]> {
  const { signal } = request;
  const iterator = items[Symbol.asyncIterator]();
  const clean = (): void => void cleanUp(iterator, request);
  signal.addEventListener("abort", clean);
  try {
    const list: unknown[] = [];
    let bytes = 1;
    while (!signal.aborted) {
      const { done, value } = await iterator.next();
      if (done) break;
      // What it takes at least: the reply is measured once more when it is written.
      bytes += writeJSON(value).length + 1;
      list.push(value);
      // A generator that never waits would else keep everybody else waiting, and the deadline.
      if (list.length % ITEMS_PER_TURN === 0) await new Promise<void>(runAsTask);
      if (bytes > maxBytes) {
        const rule = `The list of all items of "${request.route}" must be at most ${maxBytes} bytes: read them as a stream`;
        throw new Refusal(new TaskError("too_large", rule));
      }
    }
    return list;
  } catch (error) {
    await cleanUp(iterator, request);
    throw error;
  } finally {
    signal.removeEventListener("abort", clean);
    if (signal.aborted) await cleanUp(iterator, request);
  }
}

async function cleanUp(iterator: AsyncIterator<unknown>, request: RequestContext): Promise<void> {
  try {
    await iterator.return?.();
  } catch (error) {
    if (!request.isOfAbort(error)) logFailure("failed while it cleaned up", error, request);
  }
}
