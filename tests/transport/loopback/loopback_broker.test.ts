import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, it } from "node:test";

import { configure, NoRouteError, RPCClient, rpcTasks } from "../../../mod.ts";

describe("the loopback in test mode", () => {
  const route = `loopback.${crypto.randomUUID()}`;

  afterEach(() => {
    rpcTasks.delete(route);
    configure({ environment: undefined });
  });

  it("lets tasks of the default registry be called without a worker, from when they are registered until deleted", async () => {
    configure({ environment: "test" });
    await using client = new RPCClient();
    await assert.rejects(client.call(route), NoRouteError);
    rpcTasks(route, (n: number) => n + 1);
    assert.equal(await client.call(route, 1), 2);
    rpcTasks.delete(route);
    await assert.rejects(client.call(route), NoRouteError);
    rpcTasks(route, (n: number) => n + 2);
    assert.equal(await client.call(route, 1), 3);
  });

  it("passes bodies as bytes: neither side sees the other's objects", async () => {
    configure({ environment: "test" });
    await using client = new RPCClient();
    const sent = { list: [1] };
    const kept: { list: number[] }[] = [];
    rpcTasks(route, (input: { list: number[] }) => {
      input.list.push(2);
      kept.push(input);
      return input;
    });
    const reply = (await client.call(route, sent)) as { list: number[] };
    reply.list.push(3);
    assert.deepEqual([sent.list, kept[0]?.list, reply.list], [[1], [1, 2], [1, 2, 3]]);
  });

  it("runs handlers outside of their caller's asynchronous context, as a broker does", async () => {
    configure({ environment: "test" });
    await using client = new RPCClient();
    const storage = new AsyncLocalStorage<string>();
    rpcTasks(route, async () => {
      const before = storage.getStore();
      await new Promise((resolve) => setTimeout(resolve, 1));
      return [before ?? "none", storage.getStore() ?? "none"];
    });
    for (const user of ["user-1", "user-2"]) {
      const [seen, own] = await storage.run(user, async () => {
        const reply = await client.call(route);
        return [reply, storage.getStore()];
      });
      assert.deepEqual(seen, ["none", "none"], "the handler");
      assert.equal(own, user, "the caller");
    }
  });

  it("lets timers fire during a long chain of calls", async () => {
    configure({ environment: "test" });
    await using client = new RPCClient();
    rpcTasks(route, () => null);
    let fired = false;
    setTimeout(() => (fired = true), 1);
    let calls = 0;
    while (!fired && calls < 1_000_000) {
      await client.call(route);
      calls++;
    }
    assert.equal(fired, true);
  });
});
