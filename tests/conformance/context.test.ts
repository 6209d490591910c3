import assert from "node:assert/strict";
import { it } from "node:test";

import type { CallContext, TaskContext } from "../../mod.ts";
import {
  BgtasksError,
  JobClient,
  JobRegistry,
  NotAllSentError,
  RPCTimeoutError,
  TaskError,
} from "../../mod.ts";
import { DEPTH } from "../../src/context/call_context.ts";
import { deadQueueName, jobQueueName } from "../../src/jobs/job_queues.ts";
import type { Adapter, Bench } from "../support/adapters.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { deleteQueue } from "../support/broker.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

/** A context as a program that is not a handler makes one. */
function contextOf(context: Partial<CallContext>): CallContext {
  return { headers: {}, deadline: undefined, signal: undefined, ...context };
}

function codeOf(error: unknown): string {
  return error instanceof BgtasksError ? error.code : String(error);
}

onBothAdapters("a call within another", (adapter) => {
  it("has the time that is left, and never more than its own", async () => {
    await using bench = adapter.open();
    const [outer, inner] = [bench.route("outer"), bench.route("inner")];
    bench.registry(inner, (_: null, ctx: TaskContext) => (ctx.deadline ?? Infinity) - Date.now());
    const client = bench.client();
    bench.registry(outer, async (_: null, ctx: TaskContext) => [
      await client.call(inner, null, { within: ctx }),
      await client.call(inner, null, { within: ctx, timeout: 20_000 }),
      await client.call(inner, null, { within: ctx, timeout: 2_000 }),
    ]);
    await bench.worker();
    const times = (await client.call(outer, null, { timeout: 10_000 })) as number[];
    const [none = 0, longer = 0, shorter = 0] = times;
    assert.ok(none > 5_000 && none <= 10_000, `${none} ms`);
    assert.ok(longer > 5_000 && longer <= 10_000, `${longer} ms`);
    assert.ok(shorter > 0 && shorter <= 2_000, `${shorter} ms`);
  });

  it("goes out only while there is time", async () => {
    await using bench = adapter.open();
    const client = bench.client();
    const within = contextOf({ deadline: Date.now() - 1 });
    const isLate = (error: unknown): boolean =>
      error instanceof RPCTimeoutError && /has no time left/.test(error.message);
    // Nobody has the route: what goes out has another error.
    await assert.rejects(client.call(bench.route(), null, { within }), isLate);
    await assert.rejects(client.stream(bench.route(), null, { within }).next(), isLate);
  });

  it("ends with the request that it is made within, or by its own signal", async () => {
    await using bench = adapter.open();
    const [outer, inner] = [bench.route("outer"), bench.route("inner")];
    const begun = deferred();
    let [aborted, own] = [0, 0];
    bench.registry(inner, async (_: null, ctx: TaskContext) => {
      begun.resolve();
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      aborted++;
    });
    const client = bench.client();
    const controller = new AbortController();
    const { signal } = controller;
    bench.registry(outer, async (_: null, ctx: TaskContext) => {
      const calls = [
        client.call(inner, null, { within: ctx }),
        client.call(inner, null, { within: ctx, signal }),
        client.call(inner, null, { within: ctx, signal: ctx.signal }),
      ];
      await Promise.all(
        calls.map((call) =>
          call.catch((error: Error) => void (own += Number(/own/.test(String(error))))),
        ),
      );
    });
    const worker = await bench.worker();
    const outerController = new AbortController();
    const call = client.call(outer, null, { signal: outerController.signal });
    call.catch(() => {});
    await begun.promise;
    controller.abort(new Error("own"));
    await waitFor(() => aborted === 1, "the end of one by its own signal");
    outerController.abort();
    await waitFor(() => aborted === 3 && worker.running === 0, "the end of the others");
    assert.equal(own, 1);
  });

  it("takes along the trace and what the settings name, under its own headers", async () => {
    await using bench = adapter.open();
    const [outer, inner] = [bench.route("outer"), bench.route("inner")];
    bench.registry(inner, (_: null, ctx: TaskContext) => ctx.headers);
    const client = bench.client({ settings: { inheritHeaders: ["tenant", "missing"] } });
    const plain = bench.client();
    bench.registry(outer, async (_: null, ctx: TaskContext) => [
      await client.call(inner, null, { within: ctx }),
      await client.call(inner, null, { within: ctx, headers: { tenant: "own", mine: 1 } }),
      await plain.call(inner, null, { within: ctx }),
      await client.call(inner),
      await client.call(inner, null, { within: null }),
      await client
        .stream(inner, null, { within: ctx })
        .next()
        .catch(() => "not a list"),
    ]);
    await bench.worker();
    const trace = { traceparent: "00-1-2-01", tracestate: "a=1", baggage: "b=2" };
    const headers = { ...trace, tenant: "acme", token: "secret" };
    assert.deepEqual(await plain.call(outer, null, { headers }), [
      { ...trace, tenant: "acme" },
      { ...trace, tenant: "own", mine: 1 },
      trace,
      {},
      {},
      "not a list",
    ]);
  });

  it("is refused after 32 others, also where streams are among them", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const client = bench.client();
    let runs = 0;
    bench.registry(route, async function* (_: null, ctx: TaskContext) {
      runs++;
      const seen = Object.keys(ctx.headers);
      try {
        if (runs % 2 === 0) yield* client.stream(route, null, { within: ctx });
        else yield await client.call(route, null, { within: ctx });
      } catch (error) {
        yield codeOf(error);
      }
      if (seen.length > 0) yield seen;
    });
    await bench.worker();
    const items = (await client.call(route, null)) as unknown[];
    assert.deepEqual(items.flat(Infinity), ["too_many_hops"]);
    // The first is not within another.
    assert.equal(runs, 33);
  });

  it("may be a stream, whose deadline is that of the request", async () => {
    await using bench = adapter.open();
    const [outer, inner] = [bench.route("outer"), bench.route("inner")];
    bench.registry(inner, async function* (_: null, ctx: TaskContext) {
      yield ctx.deadline === undefined ? Infinity : ctx.deadline - Date.now();
      yield ctx.headers;
    });
    const client = bench.client();
    bench.registry(outer, async (_: null, ctx: TaskContext) => {
      const items: unknown[] = [];
      for await (const item of client.stream(inner, null, { within: ctx })) items.push(item);
      return items;
    });
    await bench.worker();
    const [left, headers] = (await client.call(outer, null, {
      timeout: 10_000,
      headers: { traceparent: "00-1-2-01" },
    })) as [number, unknown];
    assert.ok(left > 0 && left <= 10_000, `${left} ms`);
    assert.deepEqual(headers, { traceparent: "00-1-2-01" });
  });

  it("passes middleware, which sees what is inherited and not how deep it is", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const seen: unknown[] = [];
    const client = bench.client({
      use: [
        (call, next) => {
          seen.push(call.headers);
          return next({ headers: { ...call.headers, by: "middleware" } });
        },
      ],
    });
    let runs = 0;
    bench.registry(route, async (_: null, ctx: TaskContext) => {
      runs++;
      return client.call(route, null, { within: ctx }).catch(codeOf);
    });
    await bench.worker();
    const headers = { baggage: "b=2" };
    assert.equal(await client.call(route, null, { headers }), "too_many_hops");
    assert.equal(runs, 33);
    assert.deepEqual(seen.slice(0, 2), [{ baggage: "b=2" }, { baggage: "b=2" }]);
  });

  it("refuses what is not a context, with a copy of one among it", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const client = bench.client();
    bench.registry(route, (_: null, ctx: TaskContext) =>
      client.call(route, null, { within: { ...ctx } }).catch((error: Error) => error.message),
    );
    await bench.worker();
    assert.match(String(await client.call(route, null)), /within must be a handler's ctx itself/);
    for (const within of ["ctx", {}, { headers: null, deadline: 1, signal: undefined }])
      for (const wrong of [
        client.call(route, null, { within: within as never }),
        client.stream(route, null, { within: within as never }).next(),
      ])
        await assert.rejects(wrong, { code: "invalid_options", message: /within/ });
  });
});

function openJobs(bench: Bench): { jobs: JobRegistry; client: JobClient } {
  const jobs = new JobRegistry();
  const client = new JobClient({
    settings: { ...bench.settings, inheritHeaders: ["tenant"] },
  });
  bench.onDispose(() => client.close());
  return { jobs, client };
}

function jobRoute(bench: Bench, adapter: Adapter, name: string): string {
  const route = bench.route(name);
  const queue = jobQueueName(route);
  if (adapter.name === "RabbitMQ")
    bench.onDispose(async () => {
      for (const each of [queue, deadQueueName(queue)]) await deleteQueue(each);
    });
  return route;
}

onBothAdapters("a job within a request", (adapter) => {
  it("takes its trace and depth along, and keeps them over retries", async () => {
    await using bench = adapter.open();
    const first = jobRoute(bench, adapter, "first");
    const second = jobRoute(bench, adapter, "second");
    const task = bench.route("task");
    const { jobs, client } = openJobs(bench);
    const calls = bench.client();
    const seen: unknown[] = [];
    bench.registry(task, async (_: null, ctx: TaskContext) => {
      seen.push(ctx.headers);
      await client.send(first, null, { within: ctx });
    });
    jobs(first, { retry: (attempt) => (attempt === 1 ? 0 : false) }, async (_: null, ctx) => {
      seen.push([ctx.headers, ctx.attempt]);
      if (ctx.attempt === 1) throw new TaskError("again", "Once more.");
      await client.sendMany(second, [null], { within: ctx, headers: { tenant: "own" } });
    });
    jobs(second, async (_: null, ctx) => {
      seen.push([ctx.headers, ctx.deadline]);
      seen.push(await calls.call(task, null, { within: ctx }).catch(codeOf));
    });
    await bench.worker({ jobs });
    const headers = { baggage: "b=2", tenant: "acme", token: "secret" };
    const within = Object.assign(contextOf({ deadline: Date.now() + 60_000 }), { [DEPTH]: 29 });
    await calls.call(task, null, { within, headers });
    await waitFor(() => seen.length === 5, "all of them");
    const { token: _, ...inherited } = headers;
    assert.deepEqual(seen, [
      headers,
      [inherited, 1],
      [inherited, 2],
      [{ baggage: "b=2", tenant: "own" }, undefined],
      "too_many_hops",
    ]);
  });

  it("is not sent where there is no time", async () => {
    await using bench = adapter.open();
    const { client } = openJobs(bench);
    const within = contextOf({ deadline: Date.now() - 1 });
    await assert.rejects(client.send(bench.route(), null, { within }), RPCTimeoutError);
    await assert.rejects(client.sendMany(bench.route(), [null], { within }), NotAllSentError);
    const wrong = client.send(bench.route(), null, { within: "ctx" as never });
    await assert.rejects(wrong, { code: "invalid_options", message: /within must be a handler/ });
  });
});
