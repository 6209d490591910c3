import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import { TaskError } from "../../mod.ts";
import type { ClientCall, ClientMiddleware } from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";

const forbidden = new TaskError("forbidden", "A token is needed.");

onBothAdapters("middleware of tasks", (adapter) => {
  it("adds to the handler's context, refuses, and answers in the handler's place", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const inputs: unknown[] = [];
    const authed = bench.registry.with((call, next) => {
      const { token } = call.ctx.headers;
      if (token === "cached") return call.reply("from the cache");
      if (token !== "secret") throw forbidden;
      return next({ user: "Tom" });
    });
    const task = authed(route, { input: v.number() }, (n, ctx) => {
      inputs.push(n);
      return `${ctx.user} ${n} ${ctx.route === route}`;
    });
    await bench.worker();
    const client = bench.client();
    const call = (token: string): Promise<unknown> => client.call(task, 1, { headers: { token } });
    assert.equal(await call("secret"), "Tom 1 true");
    assert.equal(await call("cached"), "from the cache");
    await assert.rejects(call("wrong"), { code: "forbidden" });
    await assert.rejects(client.call<string>(route, "not a number"), {
      code: "invalid_input",
    });
    assert.deepEqual(inputs, [1]);
  });

  it("runs from the outside in and back, and sees what the handler returned or threw", async () => {
    await using bench = adapter.open();
    const [good, bad] = [bench.route("good"), bench.route("bad")];
    const steps: string[] = [];
    const named = (name: string) =>
      async function (_: unknown, next: () => Promise<object>): Promise<object> {
        steps.push(`${name} in`);
        try {
          return await next();
        } finally {
          steps.push(`${name} out`);
        }
      };
    const tasks = bench.registry.with(named("outer")).with(named("inner"));
    tasks(good, () => {
      steps.push("handler");
      return "fine";
    });
    tasks(bad, () => {
      throw new TaskError("broken", "on purpose");
    });
    bench.registry(bench.route("plain"), () => steps.length);
    await bench.worker();
    const client = bench.client();
    assert.equal(await client.call(good), "fine");
    const around = ["outer in", "inner in", "handler", "inner out", "outer out"];
    assert.deepEqual(steps, around);
    await assert.rejects(client.call(bad), { code: "broken" });
    assert.equal(steps.length, 9);
    assert.equal(await client.call(bench.route("plain")), 9, "it has none");
  });

  it("is checked: what it is, and what it adds", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    assert.throws(() => bench.registry.with(5 as never), { code: "invalid_middleware" });
    bench.registry.with((_, next) => next({ signal: "mine" }))(route, () => "ran");
    await bench.worker();
    await assert.rejects(bench.client().call(route), { code: "internal" });
  });
});

onBothAdapters("middleware of clients", (adapter) => {
  it("changes calls on their way, sees replies, answers itself, and calls again", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let runs = 0;
    bench.registry(route, (n: number, ctx) => {
      runs++;
      if (n === 13 && runs < 3) throw new TaskError("unlucky", "on purpose");
      return [n, ctx.headers["trace"] ?? null, ctx.headers["tenant"] ?? null];
    });
    await bench.worker();
    const seen: ClientCall[] = [];
    const trace: ClientMiddleware = (call, next) => {
      seen.push(call);
      if (call.input === 0) return Promise.resolve("nothing to do");
      return next({ headers: { ...call.headers, trace: "t-1" } });
    };
    const twice: ClientMiddleware = async (_, next) => {
      try {
        return await next();
      } catch {
        return next();
      }
    };
    const client = bench.client({ use: [trace, twice], headers: { tenant: "a" } });
    assert.deepEqual(await client.call(route, 1), [1, "t-1", "a"]);
    assert.deepEqual(await client.call(route, 2, { headers: { tenant: "b" } }), [2, "t-1", "b"]);
    assert.equal(await client.call(route, 0), "nothing to do");
    runs = 1;
    assert.deepEqual(await client.call(route, 13), [13, "t-1", "a"], "the second attempt");
    assert.deepEqual(
      seen.map(({ input }) => input),
      [1, 2, 0, 13],
    );
    assert.deepEqual(seen[1]?.headers, { tenant: "b" });
  });

  it("does not keep a call from what it has to be", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.registry(route, (input: unknown) => input);
    await bench.worker();
    const plain: ClientMiddleware = (_, next) => next();
    const client = bench.client({ use: [plain] });
    await assert.rejects(client.call(route, 1, { timeOut: 5 } as never), {
      code: "invalid_options",
    });
    await assert.rejects(client.call(route, 1, { timeout: -1 }), { code: "invalid_timeout" });
    await assert.rejects(client.call(route, 1, { headers: "x" as never }), {
      code: "invalid_headers",
    });
    await assert.rejects(client.call(route, 1n), { code: "not_json" });
    const broken = bench.client({ use: [() => Promise.reject(new Error("of its own"))] });
    await assert.rejects(broken.call(route, 1), /of its own/);
    await client.close();
    await assert.rejects(client.call(route, 1), { code: "closed" });
    assert.throws(() => bench.client({ use: [5 as never] }), { code: "invalid_options" });
    assert.throws(() => bench.client({ headers: 5 as never }), { code: "invalid_options" });
  });
});

onBothAdapters("a client's headers", (adapter) => {
  it("go along with every call, by its route where they are a function", async () => {
    await using bench = adapter.open();
    const [one, other] = [bench.route("one"), bench.route("other")];
    for (const route of [one, other]) bench.registry(route, (_: unknown, ctx) => ctx.headers);
    await bench.worker();
    const client = bench.client({
      headers: (route) => (route === one ? { tenant: "a", kind: 1 } : undefined),
    });
    assert.deepEqual(await client.call(one), { tenant: "a", kind: 1 });
    assert.deepEqual(await client.call(one, null, { headers: { kind: 2 } }), {
      tenant: "a",
      kind: 2,
    });
    assert.deepEqual(await client.call(other), {});
    const wrong = bench.client({ headers: { "bgtasks-x": 1 } });
    await assert.rejects(wrong.call(one), { code: "invalid_headers" });
  });
});
