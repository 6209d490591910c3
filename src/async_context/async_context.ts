/**
 * `import "bgtasks/async-context"`: calls, streams, jobs and serializers know within which handler they are used, without the
 * option `within`. Needs `AsyncLocalStorage`, which Node, Deno and Bun have.
 *
 * @example
 * ```ts
 * import "bgtasks/async-context";
 * import { RPCClient, rpcTasks } from "bgtasks";
 *
 * const client = new RPCClient({ settings: { environment: "test" } });
 * rpcTasks("prices.one", (_: null, ctx) => ctx.headers["traceparent"] ?? "no trace");
 * rpcTasks("orders.total", () => client.call("prices.one", null)); // within the request, without a word
 *
 * const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
 * console.log(await client.call("orders.total", null, { headers }));
 * await client.close();
 * for (const route of ["prices.one", "orders.total"]) rpcTasks.delete(route);
 * ```
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";

import { setAmbient } from "../context/ambient.ts";
import type { TaskContext } from "../tasks/rpc_task.ts";
import { isAsyncIterable } from "../worker/check_items.ts";
import { whenReady } from "../worker/when_ready.ts";

const storage = new AsyncLocalStorage<TaskContext>();

setAmbient({
  current: currentContext,
  run: (handler, input, ctx) =>
    storage.run(ctx, () => whenReady(handler(input, ctx), (result) => bind(result, ctx))),
});

/** The `ctx` of the handler that runs where this is asked; undefined outside of handlers. */
export function currentContext(): TaskContext | undefined {
  return storage.getStore();
}

/** Lets the code of a generator have its context, too: it runs where its next item is asked for. */
function bind(result: unknown, ctx: TaskContext): unknown {
  if (!isAsyncIterable(result)) return result;
  return {
    [Symbol.asyncIterator](): AsyncIterator<unknown> {
      const items = storage.run(ctx, () => result[Symbol.asyncIterator]());
      return {
        next: () => storage.run(ctx, () => items.next()),
        return: async () =>
          (await storage.run(ctx, () => items.return?.())) ?? { done: true, value: undefined },
      };
    },
  };
}
