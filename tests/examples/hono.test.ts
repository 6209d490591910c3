import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Hono } from "hono";

import { registerTasks, RPCClient, rpcTasks } from "../../mod.ts";

interface NewUser {
  readonly username: string;
  readonly password: string;
}

// An HTTP service, which asks the users' service for what it does not own itself.
const client = new RPCClient({ settings: { environment: "test" } });

const app = new Hono().post("/user/add/", async (c) => {
  const form = await c.req.parseBody();
  const userId = await client.call("user.add", form);
  return c.json({ user_id: userId }, 201);
});

describe("an HTTP handler that calls a task in loopback", () => {
  const seen: NewUser[] = [];

  before(async () => {
    rpcTasks("user.add", (user: NewUser) => {
      seen.push(user);
      return 1;
    });
    // Task modules of the service itself, had it any.
    await assert.rejects(registerTasks(["tests/examples/**/tasks.ts"]), { code: "no_tasks" });
  });

  after(async () => {
    await client.close();
    rpcTasks.delete("user.add");
  });

  it("POST /user/add/ answers 201 with the user_id that the task gave", async () => {
    const data = { username: "john", password: "smith" };
    const body = new URLSearchParams(data);
    const response = await app.request("/user/add/", { method: "POST", body });
    assert.equal(response.status, 201);
    assert.deepEqual(await response.json(), { user_id: 1 });
    assert.deepEqual(seen, [data]);
  });
});
