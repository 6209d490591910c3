import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type {
  CallContext,
  ItemOf,
  ItemStream,
  ReplyOf,
  ReturnOf,
  SentOf,
  TaskContext,
  TasksOf,
} from "../../mod.ts";
import { RPCClient, TaskRegistry } from "../../mod.ts";

// The compiler does the checking, in `npm run check`; the test runs what was checked.

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<_T extends true>(): void {}

const registry = new TaskRegistry();
const tasks = {
  numbers: registry("numbers", async function* (last: number) {
    for (let n = 0; n < last; n++) yield { n, at: new Date(0) };
    return { last };
  }),
  endless: registry("endless", async function* () {
    yield "x";
  }),
  checked: registry(
    "checked",
    { input: v.number(), yields: v.object({ id: v.pipe(v.string(), v.transform(Number)) }) },
    async function* (id) {
      expectType<Equal<typeof id, number>>();
      yield { id: String(id) };
      return "all";
    },
  ),
  cursor: registry(
    "cursor",
    { yields: v.number() },
    async () => new ReadableStream<number>() as AsyncIterable<number>,
  ),
  sum: registry(
    "sum",
    { receives: v.pipe(v.string(), v.transform(Number)) },
    async (_name: string, { incoming }) => {
      let total = 0;
      for await (const n of incoming) {
        expectType<Equal<typeof n, number>>();
        total += n;
      }
      return total;
    },
  ),
  echo: registry(
    "echo",
    { receives: v.object({ at: v.string() }), yields: v.string() },
    async function* (_: null, { incoming }) {
      for await (const { at } of incoming) yield at;
    },
  ),
  list: registry("list", () => [{ a: 1 }]),
  single: registry("single", () => ({ a: 1 })),
};

/** A handler's context. */
declare const ctx: TaskContext;

describe("inference of streams", () => {
  it("of what goes along, and of how a stream goes on", async () => {
    const client = new RPCClient<TasksOf<typeof tasks>>({ settings: { environment: "test" } });
    const check = async (): Promise<void> => {
      await client.call("list", undefined, { within: ctx });
      client.stream("numbers", 3, { within: ctx });
      client.stream("numbers", 3, { within: null });
      const outside: CallContext = { headers: {}, deadline: 5, signal: undefined };
      client.stream("numbers", 3, { within: outside });
      // @ts-expect-error: a signal is not a context
      client.stream("numbers", 3, { within: AbortSignal.abort() });
      // @ts-expect-error: nor is a call's deadline alone
      await client.call("list", undefined, { within: { deadline: 5 } });
      client.stream("numbers", 3, {
        resume: (last) => {
          expectType<Equal<typeof last, { n: number; at: string } | undefined>>();
          return last ? last.n + 1 : 0;
        },
      });
      client.stream("numbers", 3, { resume: async (last) => last !== undefined && last.n });
      client.stream("numbers", 3, { resume: () => undefined });
      // @ts-expect-error: it begins with a number
      client.stream("numbers", 3, { resume: () => "3" });
      // @ts-expect-error: its items have no such field
      client.stream("numbers", 3, { resume: (last) => last?.id });
      // @ts-expect-error: a call does not go on
      await client.call("numbers", 3, { resume: () => 3 });
      // Whatever the route: anything may come of it.
      new RPCClient().stream("any", 1, {
        resume: (last) => {
          expectType<Equal<typeof last, unknown>>();
          return last;
        },
      });
    };
    assert.equal(typeof check, "function");
    await client.close();
  });

  it("of items that are sent", async () => {
    const client = new RPCClient<TasksOf<typeof tasks>>({ settings: { environment: "test" } });
    const check = async (): Promise<void> => {
      const total = await client.call("sum", "x", { send: ["1", "2"] });
      expectType<Equal<typeof total, number>>();
      await client.call(tasks.sum, "x", { send: new ReadableStream<string>(), timeout: 5 });
      const echo = client.stream("echo", null, {
        send: (async function* () {
          yield { at: "now" };
        })(),
      });
      expectType<Equal<typeof echo, ItemStream<string, null>>>();
      expectType<Equal<SentOf<typeof tasks.sum>, string>>();
      expectType<Equal<SentOf<typeof tasks.list>, never>>();
      // @ts-expect-error: it receives texts
      await client.call("sum", "x", { send: [1] });
      // @ts-expect-error: it receives items, and none are sent
      await client.call("sum", "x");
      // @ts-expect-error: the same of a stream
      client.stream("echo", null, {});
      // @ts-expect-error: this one receives none
      await client.call("list", undefined, { send: [1] });
      // @ts-expect-error: nor does this stream
      client.stream("numbers", 3, { send: ["x"] });
      // @ts-expect-error: JSON makes text of a Date
      client.stream("echo", null, { send: [{ at: new Date() }] });
      // Whatever the route: anything may be sent.
      await new RPCClient().call("any", 1, { send: [1, "x"] });
      registry("plain", (_: null, ctx) => {
        // @ts-expect-error: without receives nothing comes
        return ctx.incoming;
      });
      registry.with((_call, next) => next({ user: "Tom" }))(
        "with",
        { receives: v.number() },
        async (_: null, { incoming, user }) => {
          expectType<Equal<typeof user, string>>();
          expectType<Equal<typeof incoming, AsyncIterableIterator<number>>>();
        },
      );
    };
    assert.equal(typeof check, "function");
    await client.close();
  });

  it("takes items and what comes after them from the tasks' module", async () => {
    const client = new RPCClient<TasksOf<typeof tasks>>({ settings: { environment: "test" } });
    const check = async (): Promise<void> => {
      const numbers = client.stream("numbers", 3, { window: 1 });
      expectType<Equal<typeof numbers, ItemStream<{ n: number; at: string }, { last: number }>>>();
      for await (const item of numbers) expectType<Equal<typeof item.at, string>>();
      const last = await numbers.result;
      expectType<Equal<typeof last, { last: number }>>();
      const { readable } = client.stream(tasks.endless);
      expectType<Equal<typeof readable, ReadableStream<string>>>();
      // @ts-expect-error: text is not a number
      client.stream("numbers", "3");
      // @ts-expect-error: not an option of a stream
      client.stream("numbers", 3, { retry: true });
      // @ts-expect-error: no such route
      client.stream("nowhere");
      // @ts-expect-error: its items are of another type
      registry("wrong", { yields: v.string() }, async function* () {
        yield 1;
      });
    };
    assert.equal(typeof check, "function");
    await client.close();
  });

  it("of a call of a task that streams is a list", () => {
    expectType<Equal<ReplyOf<typeof tasks.numbers>, { n: number; at: string }[]>>();
    expectType<Equal<ReplyOf<typeof tasks.checked>, { id: number }[]>>();
    expectType<Equal<ReturnOf<typeof tasks.checked>, string>>();
    expectType<Equal<ItemOf<typeof tasks.cursor>, number>>();
    expectType<Equal<ReturnOf<typeof tasks.endless>, null>>();
  });

  it("of a plain task has the items of its list, and none of another reply", () => {
    expectType<Equal<ItemOf<typeof tasks.list>, { a: number }>>();
    expectType<Equal<ReturnOf<typeof tasks.list>, null>>();
    expectType<Equal<ItemOf<typeof tasks.single>, never>>();
  });
});
