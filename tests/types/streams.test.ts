import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type { ItemOf, ItemStream, ReplyOf, ReturnOf, TasksOf } from "../../mod.ts";
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
  list: registry("list", () => [{ a: 1 }]),
  single: registry("single", () => ({ a: 1 })),
};

describe("inference of streams", () => {
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
