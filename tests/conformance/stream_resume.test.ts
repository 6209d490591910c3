import assert from "node:assert/strict";
import { it } from "node:test";

import type { ItemStream, ItemStreamOptions, Worker } from "../../mod.ts";
import { ConnectionLostError, injectFault, RPCClient, rpcTasks, TaskError } from "../../mod.ts";
import type { Bench } from "../support/adapters.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

/** A worker of a task that counts on from a number, item by item as they are taken. */
async function countFrom(bench: Bench, route: string): Promise<Worker> {
  bench.registry.delete(route);
  bench.registry(route, async function* (after: number) {
    for (let n = after + 1; n <= 6; n++) yield n;
    return "the end";
  });
  return bench.worker({ drainTimeout: 1 });
}

const on = (last: unknown): number => (last as number | undefined) ?? 0;

onBothAdapters("a stream with resume", (adapter) => {
  it("goes on at another worker, without an item twice, and so do its result and readable", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const first = await countFrom(bench, route);
    const seen: unknown[] = [];
    const stream = bench.client().stream(route, 0, {
      window: 1,
      resume(last) {
        seen.push(last);
        return on(last);
      },
    });
    const items: unknown[] = [];
    for await (const item of stream.readable) {
      items.push(item);
      if (item !== 3) continue;
      // The next item, which is on its way already, comes before the loss.
      await countFrom(bench, route);
      await first.stop();
    }
    assert.deepEqual(items, [1, 2, 3, 4, 5, 6]);
    assert.equal(seen.length, 1);
    assert.equal(await stream.result, "the end");
  });

  it("ends with the loss where it returns nothing, and with what it throws", async () => {
    for (const [resume, expected] of [
      [() => undefined, { code: "stopping" }],
      [() => Promise.reject(new Error("no more")), { message: "no more" }],
    ] as const) {
      await using bench = adapter.open();
      const route = bench.route();
      const worker = await countFrom(bench, route);
      const stream = bench.client().stream(route, 0, { window: 1, resume });
      await stream.next();
      await worker.stop();
      const rest = async (): Promise<void> => {
        for await (const _ of stream);
      };
      await assert.rejects(rest, expected);
      await assert.rejects(stream.result, expected);
    }
  });

  it("ends in a pause, by its signal or by its reader", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const worker = await countFrom(bench, route);
    const controller = new AbortController();
    const resume = (): number => assert.fail("it was given up");
    const options = { window: 1, resume };
    const client = bench.client();
    const aborted = client.stream(route, 0, { ...options, signal: controller.signal });
    const left = client.stream(route, 0, options);
    await Promise.all([aborted.next(), left.next()]);
    await worker.stop();
    // Items that came before the loss are taken first.
    const [ends, done] = [drain(aborted), drain(left)];
    controller.abort(new Error("enough"));
    await left.return();
    await assert.rejects(ends, /enough/);
    await done;
    await assert.rejects(left.result, { name: "AbortError" });
  });

  it("ends in a pause when its client is closed, however long that would be", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    // oxlint-disable-next-line require-yield -- nothing goes on, so that the pauses grow
    bench.registry(route, async function* () {
      throw new TaskError("stopping", "It stops.");
    });
    await bench.worker();
    const client = bench.client();
    let losses = 0;
    const stream = client.stream(route, 0, { resume: () => losses++ });
    const ended = assert.rejects(stream.next(), { code: "closed" });
    await waitFor(() => losses >= 5, "pauses of more than 400 ms", 10_000);
    const start = performance.now();
    await client.close();
    await ended;
    assert.ok(performance.now() - start < 300, `${performance.now() - start} ms`);
    await assert.rejects(stream.result, { code: "closed" });
  });

  for (const isRead of [true, false]) {
    const when = isRead ? "while its function waits" : "after a loss, though nobody reads it";
    it(`ends by its signal, reader, deadline and client ${when}`, async () => {
      await using bench = adapter.open();
      const [route, other] = [bench.route(), bench.route("other")];
      let ran = 0;
      // oxlint-disable-next-line require-yield -- it is lost at once
      bench.registry(route, async function* () {
        ran++;
        throw new TaskError("stopping", "It stops.");
      });
      bench.registry(other, () => null);
      await bench.worker();
      const client = bench.client();
      const controller = new AbortController();
      const { signal } = controller;
      const open = async (options: ItemStreamOptions): Promise<Lost> => {
        const asked = deferred();
        const resume = (): Promise<never> => (asked.resolve(), new Promise(() => {}));
        const before = ran;
        const stream = client.stream(route, 0, { ...options, resume });
        const next = isRead ? stream.next() : undefined;
        // It may end before anybody waits for it.
        next?.catch(() => {});
        if (isRead) await asked.promise;
        else await waitFor(() => ran > before, "the loss");
        // Its reply comes after the loss.
        await client.call(other);
        return { stream, next };
      };
      const fails = async ({ stream, next }: Lost, error: object): Promise<void> => {
        await assert.rejects(stream.result, error);
        await assert.rejects(next ?? stream.next(), error);
        assert.deepEqual(await stream.next(), { done: true, value: undefined });
      };
      const aborted = await open({ signal });
      controller.abort(new Error("enough"));
      await fails(aborted, /enough/);
      const left = await open({});
      await left.stream.return();
      await assert.rejects(left.stream.result, { name: "AbortError" });
      assert.deepEqual(await left.next, isRead ? { done: true, value: undefined } : undefined);
      const late = /longer than 300 ms .* had not come to its end/;
      await fails(await open({ deadline: 300 }), late);
      const closed = await open({});
      await client.close();
      await fails(closed, { code: "closed" });
    });
  }
});

interface Lost {
  readonly stream: ItemStream<unknown>;
  readonly next: Promise<unknown> | undefined;
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

it("a stream with resume begins again after faults of the loopback, and tells others as they are", async () => {
  await using client = new RPCClient({ settings: { environment: "test" } });
  const task = rpcTasks("resume.count", async function* (after: number) {
    for (let n = after + 1; n <= 3; n++) yield n;
  });
  {
    using _ = injectFault(task, { disconnect: true, times: 2 });
    const items: number[] = [];
    for await (const n of client.stream(task, 0, { resume: (last) => last ?? 0 })) items.push(n);
    assert.deepEqual(items, [1, 2, 3]);
  }
  using _ = injectFault(task, { disconnect: true, times: 1 });
  await assert.rejects(client.stream(task, 0).next(), ConnectionLostError);
  const resume = (): number => assert.fail("nothing was lost");
  await assert.rejects(client.stream("resume.none", 0, { resume }).next(), { code: "no_route" });
  rpcTasks.delete("resume.count");
});
