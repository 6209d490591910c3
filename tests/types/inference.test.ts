import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type { InputOf, JSONValueOf, ReplyOf, TasksOf } from "../../mod.ts";
import { RPCClient, RPCResponse, TaskRegistry } from "../../mod.ts";

// The compiler does the checking, in `npm run check`; the test runs what was checked.

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<_T extends true>(): void {}

const registry = new TaskRegistry();
const tasks = {
  byIds: registry("images.byIds", { input: v.array(v.number()) }, (ids) => {
    expectType<Equal<typeof ids, number[]>>();
    return RPCResponse({
      data: ids.map((id) => ({
        id,
        path: `/${id}`,
        at: new Date(0),
        size: undefined as number | undefined,
      })),
    });
  }),
  length: registry(
    "length",
    {
      input: v.pipe(
        v.string(),
        v.transform((text) => text.length),
      ),
    },
    (length) => {
      expectType<Equal<typeof length, number>>();
      return Promise.resolve(length);
    },
  ),
  untyped: registry("untyped", (input) => {
    expectType<Equal<typeof input, unknown>>();
    return input;
  }),
  annotated: registry("annotated", { concurrency: 2 }, (input: { a: string }, ctx) => {
    expectType<Equal<typeof ctx.signal, AbortSignal>>();
    return [input.a];
  }),
  curried: registry("curried", { input: v.boolean() })((input) => {
    expectType<Equal<typeof input, boolean>>();
    return input;
  }),
  output: registry(
    "output",
    { output: v.object({ id: v.pipe(v.string(), v.transform(Number)) }) },
    () => ({ id: "7" }),
  ),
  nothing: registry("nothing", () => {}),
  notATask: 5,
};

describe("inference", () => {
  it("takes routes, input and replies from the tasks' module", async () => {
    const client = new RPCClient<TasksOf<typeof tasks>>({
      settings: { url: "amqp://127.0.0.1:1" },
    });
    const check = async (): Promise<void> => {
      const images = await client.call("images.byIds", [1]);
      expectType<Equal<typeof images.status, "success">>();
      const [image] = images.data;
      if (image)
        expectType<
          Equal<
            [typeof image.id, typeof image.path, typeof image.at, typeof image.size],
            [number, string, string, number | undefined]
          >
        >();
      const length = await client.call("length", "text");
      expectType<Equal<typeof length, number>>();
      const nothing = await client.call("nothing");
      expectType<Equal<typeof nothing, null>>();
      const output = await client.call("output");
      expectType<Equal<typeof output.id, number>>();
      const byTask = await client.call(tasks.annotated, { a: "x" }, { timeout: 5 });
      expectType<Equal<typeof byTask, string[]>>();
      // @ts-expect-error no such route
      await client.call("images.byId", [1]);
      // @ts-expect-error the input is a list
      await client.call("images.byIds", 1);
      // @ts-expect-error the input is missing
      await client.call("length");
      // @ts-expect-error the input is of another type
      await client.call(tasks.annotated, { a: 1 });
      // @ts-expect-error no such option
      await client.call("length", "text", { timeOut: 5 });
    };
    assert.equal(typeof check, "function");
    await client.close();
  });

  it("lets a client without types call any route, and promises nothing about the reply", async () => {
    const client = new RPCClient({ settings: { url: "amqp://127.0.0.1:1" } });
    const check = async (): Promise<void> => {
      const reply = await client.call("any.route", { any: "input" });
      expectType<Equal<typeof reply, unknown>>();
      await client.call("any.route");
    };
    assert.equal(typeof check, "function");
    await client.close();
  });

  it("refuses handlers and options that do not fit", () => {
    const other = new TaskRegistry();
    // @ts-expect-error the handler takes another input than the schema gives
    other("a", { input: v.number() }, (text: string) => text);
    // @ts-expect-error the handler returns another output than the schema takes
    other("b", { output: v.number() }, () => "text");
    // @ts-expect-error a handler is a function
    assert.throws(() => other("c", {}, 5));
    // @ts-expect-error no such option
    assert.throws(() => other("d", { retries: 3 }, () => 1));
    // @ts-expect-error the override takes another input than the task
    other.override(tasks.length, (input: number) => input);
  });

  it("tells what is left of a value after JSON", () => {
    expectType<Equal<JSONValueOf<Date>, string>>();
    expectType<Equal<JSONValueOf<undefined>, null>>();
    expectType<Equal<JSONValueOf<[1, "a", Date]>, [1, "a", string]>>();
    expectType<Equal<JSONValueOf<{ run(): void; at: Date }>["at"], string>>();
    expectType<Equal<JSONValueOf<unknown>, unknown>>();
    expectType<Equal<InputOf<typeof tasks.length>, string>>();
    expectType<Equal<ReplyOf<typeof tasks.curried>, boolean>>();
    assert.equal(tasks.notATask, 5);
  });
});
