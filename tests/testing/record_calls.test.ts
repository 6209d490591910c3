import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";

import * as v from "valibot";

import {
  BgtasksError,
  ClosedError,
  NoRouteError,
  recordCalls,
  RPCClient,
  rpcTasks,
  TaskError,
} from "../../mod.ts";
import { deferred } from "../support/wait_for.ts";
import { processLoopback } from "../../src/transport/loopback/loopback_broker.ts";

describe("recordCalls()", () => {
  const client = new RPCClient({ settings: { environment: "test" } });
  afterEach(() => rpcTasks.clear());
  after(() => client.close());

  it("sees each call with its input, headers and reply, in order", async () => {
    rpcTasks("double", (n: number) => n * 2);
    using recorder = recordCalls();
    await client.call("double", 1, { headers: { a: "b" } });
    await client.call("double", 2);
    assert.deepEqual(recorder.calls("double"), [
      { route: "double", input: 1, headers: { a: "b" }, outcome: { state: "replied", reply: 2 } },
      { route: "double", input: 2, headers: {}, outcome: { state: "replied", reply: 4 } },
    ]);
  });

  it("sees a stream when it is over, with all of its items", async () => {
    rpcTasks("count", async function* (last: number) {
      for (let n = 1; n <= last; n++) yield n;
      return "last";
    });
    using recorder = recordCalls();
    const stream = client.stream("count", 3);
    await stream.next();
    const seen: unknown[] = [];
    for await (const item of stream) seen.push(item);
    assert.deepEqual(seen, [2, 3]);
    const call = await recorder.waitFor("count", { until: "settled" });
    assert.deepEqual(call.outcome, { state: "replied", reply: [1, 2, 3] });
  });

  it("tells routes apart, and lists all", async () => {
    rpcTasks("a", () => 1);
    rpcTasks("b", () => 2);
    using recorder = recordCalls();
    await Promise.all([client.call("a"), client.call("b")]);
    assert.equal(recorder.calls("a").length, 1);
    assert.deepEqual(recorder.calls("c"), []);
    assert.deepEqual(
      recorder
        .calls()
        .map(({ route }) => route)
        .sort(),
      ["a", "b"],
    );
  });

  it("takes a task, whose types its calls have", async () => {
    const task = rpcTasks(
      "users.add",
      { input: v.object({ name: v.string() }) },
      () => new Date(0),
    );
    using recorder = recordCalls();
    await client.call(task, { name: "Tom" });
    const [call] = recorder.calls(task);
    const name: string | undefined = call?.input.name;
    assert.equal(name, "Tom");
    const outcome = call?.outcome;
    const reply: string | undefined = outcome?.state === "replied" ? outcome.reply : undefined;
    assert.equal(reply, "1970-01-01T00:00:00.000Z");
    assert.equal((await recorder.waitFor(task)).input.name, "Tom");
  });

  it("tells how calls fail", async () => {
    rpcTasks("locked", () => {
      throw new TaskError("account_locked", "Locked.");
    });
    using recorder = recordCalls();
    await assert.rejects(client.call("locked"), { code: "account_locked" });
    await assert.rejects(client.call("nobody"), NoRouteError);
    assert.deepEqual(
      recorder.calls().map(({ outcome }) => outcome),
      [
        { state: "failed", code: "account_locked" },
        { state: "failed", code: "no_route" },
      ],
    );
  });

  it("waits for calls that come, and finds those that came", async () => {
    rpcTasks("echo", (input) => input);
    using recorder = recordCalls();
    const second = recorder.waitFor("echo", { count: 2 });
    await client.call("echo", 1);
    await client.call("echo", 2);
    assert.equal((await second).input, 2);
    assert.equal((await recorder.waitFor("echo")).input, 1);
  });

  it("waits for what comes of a call when asked to", async () => {
    const [began, done] = [deferred(), deferred<string>()];
    rpcTasks("slow", () => {
      began.resolve();
      return done.promise;
    });
    using recorder = recordCalls();
    const reply = client.call("slow");
    const call = await recorder.waitFor("slow");
    assert.deepEqual(call.outcome, { state: "pending" });
    const settled = recorder.waitFor("slow", { until: "settled" });
    await began.promise;
    done.resolve("done");
    assert.equal(await settled, call);
    assert.deepEqual(call.outcome, { state: "replied", reply: "done" });
    await reply;
  });

  it("says what was called instead when it waits in vain", async () => {
    rpcTasks("echo", (input) => input);
    using recorder = recordCalls();
    const notCalled = (pattern: RegExp) => (error: unknown) =>
      error instanceof BgtasksError && error.code === "not_called" && pattern.test(error.message);
    await assert.rejects(
      recorder.waitFor("other", { timeout: 1 }),
      notCalled(/environment "test"\?/),
    );
    await client.call("echo");
    await assert.rejects(
      recorder.waitFor("other", { timeout: 1 }),
      notCalled(/"other": only .*: echo/),
    );
    await assert.rejects(
      recorder.waitFor("echo", { timeout: 1, count: 2 }),
      notCalled(/its calls so far are replied/),
    );
  });

  it("stops when disposed, leaves nothing behind, and ends whoever waits", async () => {
    rpcTasks("echo", (input) => input);
    const recorder = recordCalls();
    const other = recordCalls();
    const waiting = assert.rejects(recorder.waitFor("echo"), ClosedError);
    recorder[Symbol.dispose]();
    await waiting;
    await client.call("echo");
    assert.equal(recorder.calls().length, 0);
    assert.equal(other.calls().length, 1);
    other[Symbol.dispose]();
    assert.equal(processLoopback.watcher, undefined);
    await assert.rejects(recorder.waitFor("echo"), ClosedError);
  });

  it("gives away objects of its own: a handler that changes its input changes no record", async () => {
    rpcTasks("clear", (input: { list: number[] }) => input.list.splice(0).length);
    using recorder = recordCalls();
    await client.call("clear", { list: [1, 2] });
    assert.deepEqual(recorder.calls("clear")[0]?.input, { list: [1, 2] });
  });
});
