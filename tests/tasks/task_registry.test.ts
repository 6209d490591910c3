import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type { TaskOptions } from "../../mod.ts";
import { rpcTasks, TaskRegistry } from "../../mod.ts";

describe("TaskRegistry", () => {
  it("registers by being called: directly, with options, and curried", () => {
    const tasks = new TaskRegistry();
    const handler = (): number => 1;
    const input = v.number();
    const direct = tasks("direct", handler);
    const options = tasks("options", { input, concurrency: 2 }, handler);
    const curried = tasks("curried")(handler);
    const curriedOptions = tasks("curried.options", { input })(handler);
    assert.deepEqual([...tasks], [direct, options, curried, curriedOptions]);
    assert.deepEqual(direct, { kind: "call", route: "direct", options: {}, handler });
    assert.deepEqual(options, {
      kind: "call",
      route: "options",
      options: { input, concurrency: 2 },
      handler,
    });
    assert.deepEqual(curried, { kind: "call", route: "curried", options: {}, handler });
    assert.equal(tasks.get("curried.options"), curriedOptions);
  });

  it("has, counts, deletes and clears", () => {
    const tasks = new TaskRegistry();
    for (const route of ["a", "b", "c"]) tasks(route, () => route);
    assert.equal(tasks.size, 3);
    assert.equal(tasks.has("b"), true);
    assert.equal(tasks.delete("b"), true);
    assert.equal(tasks.delete("b"), false);
    assert.equal(tasks.get("b"), undefined);
    tasks.clear();
    assert.deepEqual([...tasks], []);
  });

  it("is apart from other registries, the default one included", () => {
    new TaskRegistry()("registry.test.apart", () => 1);
    assert.equal(rpcTasks.has("registry.test.apart"), false);
    assert.ok(rpcTasks instanceof TaskRegistry);
  });

  it("refuses a route that is taken, in each form", () => {
    const tasks = new TaskRegistry();
    const pending = tasks("late");
    tasks("late", () => 1);
    const duplicate = { name: "BgtasksError", code: "duplicate_route" };
    assert.throws(() => tasks("late", () => 2), duplicate);
    assert.throws(() => tasks("late"), duplicate);
    assert.throws(() => pending(() => 2), duplicate);
  });

  for (const route of ["", "x".repeat(256), "amq.direct", 5 as unknown as string]) {
    it(`refuses the route ${JSON.stringify(route).slice(0, 20)}`, () => {
      assert.throws(() => new TaskRegistry()(route, () => 1), { code: "invalid_route" });
    });
  }

  it("names every option that is wrong", () => {
    const options = {
      input: "number",
      concurrency: 0,
      timeout: -1,
      retries: 3,
      queue: { type: "stream", durable: 1, size: 3 },
    } as unknown as TaskOptions;
    assert.throws(
      () => new TaskRegistry()("r", options as Record<string, never>, () => 1),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "invalid_task");
        for (const path of [
          "input",
          "concurrency",
          "timeout",
          "retries",
          "queue.type",
          "queue.durable",
          "queue.size",
        ]) {
          assert.match(error.message, new RegExp(`${path.replace(".", "\\.")} (must|is)`));
        }
        return true;
      },
    );
  });

  it("refuses a handler that is no function", () => {
    assert.throws(() => new TaskRegistry()("r", {}, "handler" as never), { code: "invalid_task" });
    assert.throws(() => new TaskRegistry()("r")(null as never), { code: "invalid_task" });
  });

  it("override() puts a handler in a task's place until disposed", () => {
    const tasks = new TaskRegistry();
    const task = tasks("r", { concurrency: 2 }, () => "real");
    const fake = (): string => "fake";
    const override = tasks.override("r", fake);
    assert.deepEqual(tasks.get("r"), { ...task, handler: fake });
    override[Symbol.dispose]();
    assert.equal(tasks.get("r"), task);
  });

  it("override() gives a route without a task one, until disposed", () => {
    const tasks = new TaskRegistry();
    const override = tasks.override("r", () => "fake");
    assert.equal(tasks.has("r"), true);
    override[Symbol.dispose]();
    assert.equal(tasks.has("r"), false);
  });

  it("override() nests, and disposing twice or after a delete() changes nothing", () => {
    const tasks = new TaskRegistry();
    const task = tasks("r", () => "real");
    const outer = tasks.override(task, () => "outer");
    const inner = tasks.override(task, () => "inner");
    inner[Symbol.dispose]();
    inner[Symbol.dispose]();
    outer[Symbol.dispose]();
    assert.equal(tasks.get("r"), task);
    const late = tasks.override("r", () => "late");
    tasks.delete("r");
    late[Symbol.dispose]();
    assert.equal(tasks.has("r"), false);
  });
});
