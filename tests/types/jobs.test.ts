import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type { JobContext, SentJob, TasksOf } from "../../mod.ts";
import { JobClient, JobRegistry, RPCClient, TaskRegistry } from "../../mod.ts";

// The compiler does the checking, in `npm run check`; the test runs what was checked.

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<_T extends true>(): void {}

const jobs = new JobRegistry();
const calls = new TaskRegistry();
const tasks = {
  resize: jobs(
    "images.resize",
    { input: v.object({ id: v.number() }), retry: { attempts: 2 } },
    (input, ctx) => {
      expectType<Equal<typeof input, { id: number }>>();
      expectType<Equal<typeof ctx, JobContext>>();
      if (input.id < 0) ctx.giveUp("no such image");
    },
  ),
  annotated: jobs("mails.send", ({ to }: { to: string }) => to),
  nothing: jobs("caches.clear", () => {}),
  curried: jobs("curried", { input: v.boolean() })((input) => {
    expectType<Equal<typeof input, boolean>>();
  }),
  // A call of the same route as a job.
  call: calls("images.resize", (input: string) => input.length),
  onlyCall: calls("users.get", (id: number) => ({ id })),
};

const settings = { url: "amqp://127.0.0.1:1" };

describe("the types of jobs", () => {
  it("come from the tasks' module, which may have calls beside them, also of the same routes", async () => {
    const client = new JobClient<TasksOf<typeof tasks>>({ settings });
    const caller = new RPCClient<TasksOf<typeof tasks>>({ settings });
    const check = async (): Promise<void> => {
      const sent = await client.send("images.resize", { id: 7 }, { id: "resize-7", delay: 5 });
      expectType<Equal<typeof sent, SentJob>>();
      await client.send(tasks.annotated, { to: "Tom" });
      await client.send("caches.clear");
      await client.sendMany("images.resize", [{ id: 1 }], { id: ({ id }) => `resize-${id}` });
      const length = await caller.call("images.resize", "text");
      expectType<Equal<typeof length, number>>();
      // @ts-expect-error no such route
      await client.send("images.resizes", { id: 7 });
      // @ts-expect-error the input is an object
      await client.send("images.resize", "7");
      // @ts-expect-error the input is missing
      await client.send("images.resize");
      // @ts-expect-error a call is not a job
      await client.send("users.get", 7);
      // @ts-expect-error a job is not a call
      await caller.call("caches.clear");
      // @ts-expect-error nor a stream
      caller.stream("caches.clear");
      // @ts-expect-error no such option
      await client.send("images.resize", { id: 7 }, { delays: 5 });
      // @ts-expect-error one of the inputs is wrong
      await client.sendMany("images.resize", [{ id: 1 }, { id: "2" }]);
    };
    assert.equal(typeof check, "function");
    await client.close();
    await caller.close();
  });

  it("let a client without types send to any route", async () => {
    const client = new JobClient({ settings });
    const check = async (): Promise<void> => {
      await client.send("any.route", { any: "input" });
      await client.send("any.route");
    };
    assert.equal(typeof check, "function");
    await client.close();
  });

  it("refuse handlers and options that do not fit", () => {
    const other = new JobRegistry();
    // @ts-expect-error the handler takes another input than the schema gives
    other("a", { input: v.number() }, (text: string) => text);
    // @ts-expect-error a job has no output
    assert.throws(() => other("b", { output: v.number() }, () => 1), { code: "invalid_task" });
    // @ts-expect-error mistyped
    assert.throws(() => other("c", { input: v.number(), retries: 3 }, () => {}), /retries is not/);
    // Nobody would iterate over it.
    assert.throws(() => other("e", async function* () {}), /its handler must not be a generator/);
    const authed = other.with(({ ctx }, next) => next({ user: String(ctx.headers["user"]) }));
    authed("d", (_: null, ctx) => {
      expectType<Equal<typeof ctx.user, string>>();
      expectType<Equal<typeof ctx.attempt, number>>();
    });
  });
});
