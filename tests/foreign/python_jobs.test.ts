import assert from "node:assert/strict";
import { it } from "node:test";

import type { JobContext } from "../../mod.ts";
import { withChannel } from "../support/broker.ts";
import { onJobBroker } from "../support/job_bench.ts";
import { waitFor } from "../support/wait_for.ts";
import { durability, python, PythonProgram } from "./python_peer.ts";

const needsPython = { skip: python ? false : "needs python3 with pika" } as const;

onJobBroker("jobs of Python", (adapter) => {
  it(
    "reach a job that takes from their exchange, whose failures are retried",
    needsPython,
    async () => {
      await using bench = adapter.open();
      const route = bench.route();
      const seen: { readonly input: unknown; readonly ctx: JobContext }[] = [];
      const retry = { attempts: 2, delay: 64, jitter: 0 };
      bench.jobs(route, { exchange: "default", retry }, (input: unknown, ctx) => {
        seen.push({ input, ctx });
        if (ctx.attempt === 1) throw new Error("once");
      });
      await bench.worker();
      const program = new PythonProgram(["job-client"], adapter.url());
      bench.onDispose(() => program.end());
      program.write(JSON.stringify({ key: route, body: { name: "Žofie 🎉" } }));
      assert.deepEqual(await program.readLine(), { sent: route });
      await waitFor(() => seen.length === 2, "both attempts");
      const [first, second] = seen;
      assert.deepEqual(second?.input, { name: "Žofie 🎉" });
      assert.equal(second.ctx.lastError?.message, "once");
      assert.ok(first);
      // The sender gives none, so the first delivery makes one, and the copy of the retry has it.
      assert.match(first.ctx.id, /^[\da-f-]{36}$/);
      assert.equal(second.ctx.id, first.ctx.id);
    },
  );

  it("are done by Python when they are sent to its exchange", needsPython, async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const keys = JSON.stringify([route]);
    const program = new PythonProgram(["job-server", keys, durability], adapter.url());
    bench.onDispose(async () => {
      await program.end();
      await withChannel((channel) => channel.queueDelete("default"), adapter.url());
    });
    assert.deepEqual(await program.readLine(), { serving: [route] });
    const client = bench.client();
    await client.send(route, { n: 1.5 }, { exchange: "default" });
    assert.deepEqual(await program.readLine(), { key: route, body: { n: 1.5 } });
    const unbound = client.send(bench.route("unbound"), 1, { exchange: "default" });
    await assert.rejects(unbound, /no queue is bound to the exchange "default" for it/);
  });
});
