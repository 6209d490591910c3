import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";
import * as z from "zod";

import {
  NoRouteError,
  RemoteError,
  RPCResponse,
  RPCTimeoutError,
  TaskError,
  ValidationError,
} from "../../mod.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { deferred } from "../support/wait_for.ts";

onBothAdapters("a call", (adapter) => {
  it("resolves with what the handler returned", async () => {
    await using bench = adapter.open();
    const echo = bench.registry(bench.route(), (input: unknown) => input);
    await bench.worker();
    const client = bench.client();
    for (const value of [
      null,
      true,
      0,
      -1.5,
      "",
      "né 🐇",
      [],
      [1, [2]],
      { a: { b: [null] } },
      { __proto__: null, x: 1 },
    ]) {
      assert.deepEqual(
        await client.call(echo.route, value),
        value === null ? null : JSON.parse(JSON.stringify(value)),
      );
    }
    assert.equal(await client.call(echo.route), null);
    assert.deepEqual(await client.call(echo.route, { at: new Date(0), no: undefined }), {
      at: "1970-01-01T00:00:00.000Z",
    });
  });

  it("carries large bodies whole in both directions", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), (input: unknown) => input);
    await bench.worker();
    for (const length of [8_000, 131_064, 131_072, 1_000_000]) {
      const text = "é🐇x".repeat(length / 4);
      assert.equal(await bench.client().call(bench.route(), text), text);
    }
  });

  it("resolves with a fail envelope, as the handler returned it", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), () => RPCResponse({ errors: { email: ["Not an email."] } }));
    await bench.worker();
    const reply = await bench.client().call(bench.route());
    assert.deepEqual(reply, { status: "fail", data: { email: ["Not an email."] } });
  });

  it("gives each of many concurrent calls its own reply", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), async (n: number) => {
      if (n % 3 === 0) await new Promise((resolve) => setTimeout(resolve, n % 7));
      return n * 2;
    });
    await bench.worker({ concurrency: 20 });
    const client = bench.client();
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    const replies = await Promise.all(numbers.map((n) => client.call(bench.route(), n)));
    assert.deepEqual(
      replies,
      numbers.map((n) => n * 2),
    );
  });

  it("tells the handler its route, headers, deadline and correlation id", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), (_input: null, ctx) => ({
      route: ctx.route,
      headers: ctx.headers,
      redelivered: ctx.redelivered,
      timeLeft: (ctx.deadline ?? 0) - Date.now(),
      correlationId: ctx.correlationId,
      aborted: ctx.signal.aborted,
    }));
    await bench.worker();
    const headers = { trace: "abc é", attempt: 3, big: 2 ** 40, ratio: 0.1, dry: true };
    const reply = (await bench
      .client()
      .call(bench.route(), null, { headers, timeout: 5_000 })) as Record<string, unknown>;
    assert.deepEqual(reply["headers"], headers);
    assert.equal(reply["route"], bench.route());
    assert.equal(reply["redelivered"], false);
    assert.equal(reply["aborted"], false);
    assert.match(String(reply["correlationId"]), /^[0-9a-f]{8}\.[\w-]{8}\.\d+$/);
    const timeLeft = Number(reply["timeLeft"]);
    assert.ok(timeLeft > 3_000 && timeLeft <= 5_000, `${timeLeft} ms left of 5000`);
  });

  it("rejects with NoRouteError at once when no queue has the route's name", async () => {
    await using bench = adapter.open();
    const error = await bench
      .client()
      .call("test.nobody.serves.this")
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof NoRouteError);
    assert.equal(error.code, "no_route");
    assert.equal(error.route, "test.nobody.serves.this");
    assert.match(error.message, /"test\.nobody\.serves\.this"/);
  });

  it("rejects with RPCTimeoutError and 0 consumers when the queue is there and nobody serves it", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), () => 1);
    const worker = await bench.worker();
    await worker.stop();
    const error = await bench
      .client()
      .call(bench.route(), 1, { timeout: 1_000 })
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof RPCTimeoutError);
    assert.equal(error.name, "TimeoutError");
    assert.equal(error.code, "timeout");
    assert.equal(error.route, bench.route());
    assert.equal(error.timeout, 1_000);
    assert.equal(error.consumers, 0);
    assert.match(error.message, /nobody serves it/);
  });

  it("rejects with RPCTimeoutError and the number of consumers when the handler is slow", async () => {
    await using bench = adapter.open();
    const gate = deferred();
    bench.registry(bench.route(), () => gate.promise);
    await bench.worker();
    const error = await bench
      .client()
      .call(bench.route(), 1, { timeout: 1_000 })
      .catch((reason: unknown) => reason);
    gate.resolve();
    assert.ok(error instanceof RPCTimeoutError);
    assert.equal(error.consumers, 1);
  });

  it("aborts ctx.signal at the caller's deadline", async () => {
    await using bench = adapter.open();
    const [seen, gate] = [deferred<unknown>(), deferred()];
    bench.registry(bench.route(), (_: unknown, { signal }) => {
      signal.addEventListener("abort", () => seen.resolve(signal.reason));
      return gate.promise;
    });
    await bench.worker();
    await assert.rejects(
      bench.client().call(bench.route(), 1, { timeout: 1_000 }),
      RPCTimeoutError,
    );
    assert.equal(((await seen.promise) as Error).name, "TimeoutError");
    gate.resolve();
  });

  it("does not run a handler for a request that expired in the queue", async () => {
    await using bench = adapter.open();
    const inputs: unknown[] = [];
    bench.registry(bench.route(), (input: unknown) => inputs.push(input));
    const first = await bench.worker();
    await first.stop();
    await assert.rejects(
      bench.client().call(bench.route(), "late", { timeout: 30 }),
      RPCTimeoutError,
    );
    await bench.worker();
    await bench.client().call(bench.route(), "in time");
    assert.deepEqual(inputs, ["in time"]);
  });
});

onBothAdapters("a failing call", (adapter) => {
  it("rejects with the handler's TaskError", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), () => {
      throw new TaskError("account_locked", "The account is locked.", { id: 7 });
    });
    await bench.worker();
    const error = await bench
      .client()
      .call(bench.route())
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof RemoteError);
    assert.deepEqual(
      { route: error.route, code: error.code, message: error.message, data: error.data },
      {
        route: bench.route(),
        code: "account_locked",
        message: "The account is locked.",
        data: { id: 7 },
      },
    );
  });

  for (const [how, handler] of [
    [
      "throws",
      () => {
        throw new Error("password is hunter2");
      },
    ],
    ["rejects", () => Promise.reject(new Error("password is hunter2"))],
    ["rejects with no error", () => Promise.reject("password is hunter2")],
    [
      "throws a ValidationError of another call",
      () => {
        throw new ValidationError("x", [{ message: "hunter2", path: [] }]);
      },
    ],
  ] as const) {
    it(`hides an exception when the handler ${how}`, async () => {
      await using bench = adapter.open();
      bench.registry(bench.route(), handler);
      await bench.worker();
      const error = await bench
        .client()
        .call(bench.route())
        .catch((reason: unknown) => reason);
      assert.ok(error instanceof RemoteError);
      assert.equal(error.code, "internal");
      assert.match((error.data as { id: string }).id, /^[0-9a-f-]{36}$/);
      assert.doesNotMatch(JSON.stringify(error) + error.message + String(error.stack), /hunter2/);
    });
  }

  const cycle: Record<string, unknown> = { name: "a" };
  cycle["self"] = { deep: [cycle] };
  for (const [what, value, path] of [
    ["a BigInt", { rows: [{ size: 1n }] }, /rows\[0\]\.size.*BigInt/],
    ["a cycle", cycle, /self\.deep\[0\].*cycle/],
    ["a function", { a: { run: () => 1 } }, /a\.run.*function/],
    ["NaN", [1, Number.NaN], /\[1\].*NaN/],
    ["a Map", { index: new Map() }, /index.*Map/],
    ["bytes", { file: new Uint8Array([1]) }, /file.*Uint8Array, which text in base64/],
  ] as const) {
    it(`names the place when the handler returns ${what}`, async () => {
      await using bench = adapter.open();
      bench.registry(bench.route(), () => value);
      await bench.worker();
      const error = await bench
        .client()
        .call(bench.route())
        .catch((reason: unknown) => reason);
      assert.ok(error instanceof RemoteError);
      assert.equal(error.code, "invalid_output");
      assert.match(error.message, path);
    });

    it(`names the place when the input is ${what}, and sends nothing`, async () => {
      await using bench = adapter.open();
      const error = await bench
        .client()
        .call(bench.route(), value)
        .catch((reason: unknown) => reason);
      assert.equal((error as { code: string }).code, "not_json");
      assert.match((error as Error).message, path);
    });
  }

  it("answers a TaskError whose data is not JSON", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), () => {
      throw new TaskError("odd", "Odd.", { size: 1n });
    });
    await bench.worker();
    await assert.rejects(bench.client().call(bench.route()), {
      name: "RemoteError",
      code: "invalid_output",
    });
  });

  for (const [library, schema] of [
    ["valibot", v.object({ name: v.string(), tags: v.array(v.object({ id: v.number() })) })],
    ["zod", z.object({ name: z.string(), tags: z.array(z.object({ id: z.number() })) })],
  ] as const) {
    it(`rejects with ValidationError when the input does not fit, checked by ${library}`, async () => {
      await using bench = adapter.open();
      let runs = 0;
      bench.registry(bench.route(), { input: schema }, ({ name }) => `${name}${++runs}`);
      await bench.worker();
      const client = bench.client();
      const error = await client
        .call(bench.route(), { name: 3, tags: [{ id: 1 }, { id: "x" }] })
        .catch((reason: unknown) => reason);
      assert.ok(error instanceof ValidationError);
      assert.equal(error.code, "invalid_input");
      assert.deepEqual(Object.keys(error.errors), ["name", "tags[1].id"]);
      assert.deepEqual(
        error.issues.map(({ path }) => path),
        [["name"], ["tags", 1, "id"]],
      );
      assert.ok(error.errors["name"]?.every((message) => message.length > 0));
      assert.equal(runs, 0);
      const whole = await client.call(bench.route(), 3).catch((reason: unknown) => reason);
      assert.deepEqual(Object.keys((whole as ValidationError).errors), ["non_field_errors"]);
      assert.equal(await client.call(bench.route(), { name: "a", tags: [] }), "a1");
    });
  }

  it("gives the handler what the schema made of the input, and awaits asynchronous schemas", async () => {
    await using bench = adapter.open();
    const input = v.pipeAsync(
      v.string(),
      v.transformAsync((text) => Promise.resolve(text.length)),
    );
    bench.registry(bench.route(), { input }, (length) => length + 1);
    await bench.worker();
    assert.equal(await bench.client().call(bench.route(), "four"), 5);
  });

  it("refuses output that does not fit its schema without telling what it was", async () => {
    await using bench = adapter.open();
    bench.registry(
      bench.route(),
      { output: v.object({ id: v.number() }) },
      () => ({ id: "hunter2" }) as never,
    );
    await bench.worker();
    const error = await bench
      .client()
      .call(bench.route())
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof RemoteError);
    assert.equal(error.code, "invalid_output");
    assert.doesNotMatch(error.message, /hunter2/);
  });

  it("tells the caller and aborts the signal when a handler outlives its task's timeout", async () => {
    await using bench = adapter.open();
    const gate = deferred();
    const context = deferred<AbortSignal>();
    bench.registry(bench.route(), { timeout: 30 }, (_: unknown, { signal }) => {
      context.resolve(signal);
      return gate.promise;
    });
    await bench.worker();
    await assert.rejects(bench.client().call(bench.route()), {
      name: "RemoteError",
      code: "handler_timeout",
    });
    const signal = await context.promise;
    assert.equal(signal.aborted, true);
    gate.resolve();
  });
});

onBothAdapters("the arguments of a call", (adapter) => {
  for (const timeout of [0, -1, Number.NaN, Infinity, 2 ** 31, "5" as unknown as number]) {
    it(`refuse a timeout of ${JSON.stringify(timeout)} (${timeout})`, async () => {
      await using bench = adapter.open();
      await assert.rejects(bench.client().call(bench.route(), 1, { timeout }), {
        code: "invalid_timeout",
      });
    });
  }

  for (const [what, route] of [
    ["empty", ""],
    ["too long", "é".repeat(128)],
    ["the broker's", "amq.gen-x"],
    ["no string", 7],
  ] as const) {
    it(`refuse a route that is ${what}`, async () => {
      await using bench = adapter.open();
      await assert.rejects(bench.client().call(route as string), { code: "invalid_route" });
    });
  }

  it("take a route of 255 bytes", async () => {
    await using bench = adapter.open();
    const route = bench.route("x".repeat(255 - bench.route("").length));
    assert.equal(new TextEncoder().encode(route).length, 255);
    bench.registry(route, () => "long");
    await bench.worker();
    assert.equal(await bench.client().call(route), "long");
  });
});

onBothAdapters("a call's signal", (adapter) => {
  it("rejects with its reason when aborted before, and nothing is sent", async () => {
    await using bench = adapter.open();
    let runs = 0;
    bench.registry(bench.route(), () => ++runs);
    await bench.worker();
    const client = bench.client();
    const reason = new Error("changed my mind");
    await assert.rejects(
      client.call(bench.route(), 1, { signal: AbortSignal.abort(reason) }),
      (error) => error === reason,
    );
    assert.equal(await client.call(bench.route()), 1);
  });

  it("rejects with its reason when aborted during the call", async () => {
    await using bench = adapter.open();
    const [started, gate] = [deferred(), deferred()];
    bench.registry(bench.route(), () => {
      started.resolve();
      return gate.promise;
    });
    await bench.worker();
    const controller = new AbortController();
    const call = bench.client().call(bench.route(), 1, { signal: controller.signal });
    await started.promise;
    const reason = new Error("changed my mind");
    controller.abort(reason);
    await assert.rejects(call, (error) => error === reason);
    gate.resolve();
  });

  it("may be shared by many calls, which cost it one listener until the last one ends", async () => {
    await using bench = adapter.open();
    const [all, gate] = [deferred(), deferred()];
    let handled = 0;
    bench.registry(bench.route(), async (input: number) => {
      if (++handled === 20) all.resolve();
      if (input > 0) await gate.promise;
      return input;
    });
    await bench.worker();
    const client = bench.client();
    const controller = new AbortController();
    const { signal } = controller;
    const listeners = { added: 0, removed: 0 };
    signal.addEventListener = () => listeners.added++;
    signal.removeEventListener = () => listeners.removed++;
    const calls = Array.from({ length: 20 }, (_, i) => client.call(bench.route(), i, { signal }));
    assert.equal(await calls[0], 0);
    await all.promise;
    assert.deepEqual(listeners, { added: 1, removed: 0 });
    gate.resolve();
    await Promise.all(calls);
    assert.deepEqual(listeners, { added: 1, removed: 1 });
  });

  it("aborts every call that shares it", async () => {
    await using bench = adapter.open();
    const [all, gate] = [deferred(), deferred()];
    let handled = 0;
    bench.registry(bench.route(), () => {
      if (++handled === 3) all.resolve();
      return gate.promise;
    });
    await bench.worker();
    const client = bench.client();
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error("enough");
    const calls = [1, 2, 3].map((n) => client.call(bench.route(), n, { signal }));
    const settled = Promise.allSettled(calls);
    await all.promise;
    controller.abort(reason);
    for (const call of await settled) assert.deepEqual(call, { status: "rejected", reason });
    gate.resolve();
  });

  it("does nothing when aborted after the reply", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), () => "done");
    await bench.worker();
    const controller = new AbortController();
    const reply = await bench.client().call(bench.route(), 1, { signal: controller.signal });
    controller.abort();
    assert.equal(reply, "done");
  });
});

onBothAdapters("a closed client", (adapter) => {
  it("rejects calls with ClosedError", async () => {
    await using bench = adapter.open();
    const client = bench.client();
    await client.close();
    await assert.rejects(client.call(bench.route()), { name: "ClosedError", code: "closed" });
    assert.deepEqual(client.status, { state: "closed" });
  });

  it("waits for calls that are out before it closes", async () => {
    await using bench = adapter.open();
    const [started, gate] = [deferred(), deferred()];
    bench.registry(bench.route(), async () => {
      started.resolve();
      await gate.promise;
      return "in time";
    });
    await bench.worker();
    const client = bench.client();
    const call = client.call(bench.route());
    await started.promise;
    const closed = client.close();
    gate.resolve();
    assert.equal(await call, "in time");
    await closed;
  });

  it("leaves other clients of the same settings their connection", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), () => "still here");
    await bench.worker();
    const [one, other] = [bench.client(), bench.client()];
    await Promise.all([one.call(bench.route()), other.call(bench.route())]);
    await one.close();
    assert.equal(await other.call(bench.route()), "still here");
  });
});
