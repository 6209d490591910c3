// oxlint-disable no-unused-vars -- what `using` declares is used when it is disposed
import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";

import type { Fault } from "../../mod.ts";
import {
  ConnectionLostError,
  injectFault,
  NoRouteError,
  recordCalls,
  RemoteError,
  RPCClient,
  RPCTimeoutError,
  rpcTasks,
  TaskError,
  ValidationError,
} from "../../mod.ts";
import { processLoopback } from "../../src/transport/loopback/loopback_broker.ts";

describe("injectFault()", () => {
  const client = new RPCClient({ settings: { environment: "test" } });
  afterEach(() => rpcTasks.clear());
  after(() => client.close());

  it("drops requests, so that the caller runs into its timeout and no handler runs", async () => {
    let runs = 0;
    rpcTasks("count", () => ++runs);
    using fault = injectFault("count", { drop: true });
    await assert.rejects(client.call("count", null, { timeout: 20 }), RPCTimeoutError);
    assert.equal(runs, 0);
  });

  it("fails calls as their handler would", async () => {
    const task = rpcTasks("close", () => "closed");
    using fault = injectFault(task, {
      fail: new TaskError("account_locked", "Locked.", { id: 1 }),
    });
    await assert.rejects(client.call("close"), (error) => {
      assert.ok(error instanceof RemoteError);
      assert.deepEqual(
        [error.code, error.message, error.data],
        ["account_locked", "Locked.", { id: 1 }],
      );
      return true;
    });
  });

  it("fails calls as their schema would", async () => {
    const issues = [{ message: "Too long.", path: ["name"] }];
    using fault = injectFault("add", { fail: new ValidationError('"add"', issues) });
    await assert.rejects(client.call("add", {}), (error) => {
      assert.ok(error instanceof ValidationError);
      assert.deepEqual(error.errors, { name: ["Too long."] });
      return true;
    });
  });

  it("delays requests", async () => {
    rpcTasks("echo", (input) => input);
    using fault = injectFault("echo", { delay: 50 });
    await assert.rejects(client.call("echo", 1, { timeout: 10 }), RPCTimeoutError);
    const start = performance.now();
    assert.equal(await client.call("echo", 2), 2);
    assert.ok(performance.now() - start >= 45);
  });

  it("delays what else goes wrong", async () => {
    const fail = new TaskError("busy", "Busy.");
    using fault = injectFault("echo", { delay: 50, fail });
    const start = performance.now();
    await assert.rejects(client.call("echo"), { code: "busy" });
    assert.ok(performance.now() - start >= 45);
  });

  it("drops the link: calls that are out reject, those that say retry go out again", async () => {
    rpcTasks("echo", (input) => input);
    rpcTasks("slow", () => new Promise(() => {}));
    using recorder = recordCalls();
    using fault = injectFault("echo", { disconnect: true, times: 2 });
    const bystander = assert.rejects(client.call("slow"), ConnectionLostError);
    await recorder.waitFor("slow");
    await assert.rejects(client.call("echo", 1), ConnectionLostError);
    await bystander;
    assert.equal(await client.call("echo", 2, { retry: true }), 2);
    assert.deepEqual(
      recorder.calls("echo").map(({ input, outcome }) => [input, outcome.state]),
      [
        [1, "failed"],
        [2, "failed"],
        [2, "replied"],
      ],
    );
  });

  it("ends after so many calls", async () => {
    rpcTasks("echo", (input) => input);
    using fault = injectFault("echo", { fail: new TaskError("busy", "Busy."), times: 2 });
    await assert.rejects(client.call("echo", 1), { code: "busy" });
    await assert.rejects(client.call("echo", 2), { code: "busy" });
    assert.equal(await client.call("echo", 3), 3);
  });

  it("leaves other routes alone, and lets the last of several faults count", async () => {
    rpcTasks("echo", (input) => input);
    rpcTasks("other", () => "fine");
    using first = injectFault("echo", { fail: new TaskError("first", "First.") });
    const second = injectFault("echo", { fail: new TaskError("second", "Second.") });
    assert.equal(await client.call("other"), "fine");
    await assert.rejects(client.call("echo"), { code: "second" });
    second[Symbol.dispose]();
    await assert.rejects(client.call("echo"), { code: "first" });
  });

  it("ends when disposed, and lets what it held up go on at once", async () => {
    rpcTasks("echo", (input) => input);
    using recorder = recordCalls();
    const fault = injectFault("echo", { delay: 60_000 });
    const reply = client.call("echo", 1);
    await recorder.waitFor("echo");
    fault[Symbol.dispose]();
    assert.equal(await reply, 1);
    assert.equal(await client.call("echo", 2), 2);
  });

  it("leaves a route without a task without one", async () => {
    {
      using fault = injectFault("nobody", { delay: 1 });
      await assert.rejects(client.call("nobody"), NoRouteError);
    }
    assert.equal(processLoopback.watcher, undefined);
  });

  const wrong: [what: string, fault: Fault][] = [
    ["nothing", {}],
    ["drop: false alone", { drop: false }],
    ["two faults", { drop: true, disconnect: true }],
    ["a delay below 0", { delay: -1 }],
    ["a delay that is no number", { delay: Number.NaN }],
    ["0 times", { drop: true, times: 0 }],
  ];
  for (const [what, fault] of wrong) {
    it(`refuses ${what}`, () => {
      assert.throws(() => injectFault("echo", fault), { code: "invalid_fault" });
    });
  }

  it("refuses what is no route", () => {
    assert.throws(() => injectFault("", { drop: true }), { code: "invalid_route" });
  });
});
