import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import type { TaskContext } from "../../mod.ts";
import {
  JobClient,
  JobRegistry,
  remoteField,
  RemoteLoader,
  RPCClient,
  serializer,
  TaskRegistry,
  Worker,
} from "../../mod.ts";
import { currentContext } from "../../src/async_context/async_context.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { deferred } from "../support/wait_for.ts";

/** Lets handlers wait for each other, so that two requests are under way at any time. */
function meeting(): () => Promise<void> {
  let gate = deferred();
  let waiting = 0;
  return async () => {
    const { promise, resolve } = gate;
    if (++waiting % 2 === 0) {
      gate = deferred();
      resolve();
    }
    await promise;
  };
}

onBothAdapters("the context of asynchronous code", (adapter) => {
  it("is that of one's own request, though another is under way", async () => {
    await using bench = adapter.open();
    const [outer, inner] = [bench.route("outer"), bench.route("inner")];
    const meet = meeting();
    const client = bench.client();
    bench.registry(inner, (_: null, ctx: TaskContext) => ctx.headers["baggage"]);
    bench.registry(outer, async (_: null, ctx: TaskContext) => {
      await meet();
      const first = await client.call(inner, null);
      await meet();
      assert.equal(currentContext(), ctx);
      return [
        first,
        await client.call(inner, null),
        await client.call(inner, null, { within: null }),
      ];
    });
    await bench.worker();
    assert.equal(currentContext(), undefined);
    const call = (baggage: string): Promise<unknown> =>
      client.call(outer, null, { headers: { baggage } });
    assert.deepEqual(await Promise.all([call("a"), call("b")]), [
      ["a", "a", null],
      ["b", "b", null],
    ]);
  });

  it("is that of a stream in all of its generator", async () => {
    await using bench = adapter.open();
    const [outer, inner] = [bench.route("outer"), bench.route("inner")];
    const meet = meeting();
    const client = bench.client();
    const left: string[] = [];
    bench.registry(inner, (_: null, ctx: TaskContext) => ctx.headers["baggage"]);
    bench.registry(outer, async function* (_: null, ctx: TaskContext) {
      try {
        for (let n = 0; ; n++) {
          if (n < 3) await meet();
          yield await client.call(inner, null);
        }
      } finally {
        left.push(`${String(ctx.headers["baggage"])} ${currentContext() === ctx}`);
      }
    });
    const worker = await bench.worker();
    const read = async (baggage: string): Promise<unknown[]> => {
      const items: unknown[] = [];
      const stream = client.stream(outer, null, { headers: { baggage }, window: 1 });
      for await (const item of stream) if (items.push(item) === 3) break;
      return items;
    };
    const both = await Promise.all([read("a"), read("b")]);
    assert.deepEqual(both, [
      ["a", "a", "a"],
      ["b", "b", "b"],
    ]);
    await worker.stop();
    assert.deepEqual(left.sort(), ["a true", "b true"]);
  });
});

it("the context of asynchronous code reaches jobs, middleware and serializers", async () => {
  const settings = { environment: "test" };
  const registry = new TaskRegistry();
  const jobs = new JobRegistry();
  await using client = new RPCClient({ settings });
  await using jobClient = new JobClient({ settings });
  await using worker = new Worker({ registry, jobs, settings, drainTimeout: 1_000 });
  const done = deferred();
  const seen: unknown[] = [];
  const Post = serializer(v.object({ author: remoteField(v.number(), { route: "async.users" }) }), {
    client,
  });
  registry("async.users", (ids: number[], ctx) => {
    seen.push(["users", ctx.headers["baggage"]]);
    return ids.map((id) => ({ id }));
  });
  jobs("async.job", async (_: null, ctx) => {
    seen.push(["job", ctx.headers["baggage"]]);
    await Post.serialize({ author: 1 }, { loader: new RemoteLoader() });
    done.resolve();
  });
  const sending = registry.with(async (_, next) => {
    await jobClient.send("async.job", null);
    return next();
  });
  sending("async.post", () => "sent");
  await worker.start();
  await client.call("async.post", null, { headers: { baggage: "b=2" } });
  await done.promise;
  assert.deepEqual(seen, [
    ["job", "b=2"],
    ["users", "b=2"],
  ]);
});
