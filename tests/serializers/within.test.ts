import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type { CallContext, TaskContext } from "../../mod.ts";
import {
  RemoteLoader,
  remoteField,
  RPCClient,
  serializer,
  TaskRegistry,
  Worker,
} from "../../mod.ts";
import { FakeClient } from "./fake_client.ts";

const Post = serializer(
  v.object({ id: v.number(), author: remoteField(v.number(), { route: "users.byIds" }) }),
);
const Comment = serializer(
  v.object({ id: v.number(), user: remoteField(v.number(), { route: "users.byIds" }) }),
);
const ROW = { id: 1, author: 7 };

function usersOf(ids: number[]): object[] {
  return ids.map((id) => ({ id, name: `user ${id}` }));
}

function contextOf(context: Partial<CallContext> = {}): CallContext {
  return { headers: {}, deadline: undefined, signal: undefined, ...context };
}

describe("serializers within a request", () => {
  it("make their calls within it, by whatever method", async () => {
    const client = new FakeClient({ "users.byIds": usersOf });
    const { signal } = new AbortController();
    const deadline = Date.now() + 60_000;
    const within = contextOf({ headers: { baggage: "b=2" }, deadline, signal });
    await Post.serialize(ROW, { client, within });
    await Post.settle([ROW], { client, within });
    await Post.validate(ROW, { client, within });
    const rows = new ReadableStream({
      start: (controller) => (controller.enqueue(ROW), controller.close()),
    });
    for await (const _ of rows.pipeThrough(Post.stream({ client, within })));
    await Post.serialize(ROW, { client, within, loader: new RemoteLoader() });
    await Post.serialize(ROW, { client, within: null });
    await Post.serialize(ROW, { client });
    const [none, optedOut, ...others] = client.calls.map(({ options }) => options).reverse();
    assert.ok(none && !("within" in none) && optedOut?.within === null);
    assert.equal(others.length, 5);
    for (const options of others) {
      assert.equal(options.within?.deadline, deadline);
      assert.deepEqual(options.within.headers, { baggage: "b=2" });
    }
  });

  it("end with it, with what settle() gives beside the data, and with the signal of either", async () => {
    const client = new FakeClient({ "users.byIds": () => new Promise(() => {}) });
    for (const which of ["request", "call"]) {
      const [request, call] = [new AbortController(), new AbortController()];
      const options = {
        client,
        within: contextOf({ signal: request.signal }),
        signal: call.signal,
      };
      const loader = new RemoteLoader();
      const reader = Post.stream(options);
      const works = [
        Post.serialize(ROW, { ...options, loader }),
        Post.settle(ROW, { ...options, loader }),
        Post.validate(ROW, { ...options, loader }),
        reader.readable.getReader().read(),
      ];
      (which === "request" ? request : call).abort(new Error(`the ${which} is over`));
      for (const work of works) await assert.rejects(work, { message: `the ${which} is over` });
    }
  });

  it("share a loader's rows, but not over requests whose headers differ", async () => {
    const client = new FakeClient({ "users.byIds": usersOf });
    const loader = new RemoteLoader();
    const trace = (id: string): CallContext => contextOf({ headers: { traceparent: id } });
    const soon = contextOf({ deadline: Date.now() + 5_000 });
    await Promise.all([
      Post.serialize(ROW, { client, loader, within: trace("1") }),
      Comment.serialize({ id: 2, user: 7 }, { client, loader, within: soon }),
      Post.serialize({ id: 1, author: 8 }, { client, loader, within: soon }),
    ]);
    await Post.serialize(ROW, { client, loader, within: trace("2") });
    assert.deepEqual(client.bodies("users.byIds"), [[7, 8]]);
    assert.equal(client.calls[0]?.options.within?.deadline, soon.deadline);
    await Post.serialize(ROW, { client, loader, within: contextOf({ headers: { tenant: "a" } }) });
    await Post.serialize(ROW, { client, loader, within: contextOf({ headers: { tenant: "b" } }) });
    assert.deepEqual(client.bodies("users.byIds").slice(1), [[7], [7]]);
  });

  it("pass the trace and the time on to handlers", async () => {
    const registry = new TaskRegistry();
    const settings = { environment: "test" };
    await using client = new RPCClient({ settings });
    await using worker = new Worker({ registry, settings });
    let seen: TaskContext | undefined;
    registry("users.byIds", (ids: number[], ctx) => {
      seen = ctx;
      return usersOf(ids);
    });
    registry("posts.one", (_: null, ctx) => Post.serialize(ROW, { client, within: ctx }));
    await worker.start();
    const headers = { traceparent: "00-1-2-01" };
    const post = await client.call("posts.one", null, { headers, timeout: 5_000 });
    assert.deepEqual(post, { id: 1, author: { id: 7, name: "user 7" } });
    assert.deepEqual(seen?.headers, headers);
    assert.ok((seen?.deadline ?? Infinity) <= Date.now() + 5_000);
  });
});
