import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";

import * as v from "valibot";

import { ConnectionLostError } from "../../mod.ts";
import type { Settings } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import { brokerURL, needsBroker } from "../support/broker.ts";
import { collect, collectUntilError } from "../support/collect.ts";
import { counting } from "../support/counting.ts";
import { onceOnNode } from "../support/once_on_node.ts";
import { scriptCommand } from "../support/run_script.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

const direct: Settings = { url: brokerURL, environment: "", reconnect: { initial: 5, max: 50 } };
const NUMBERS = { receives: v.number() };
const FIXTURES = fileURLToPath(new URL("fixtures/", import.meta.url));

/**
 * A process of its own, until it is killed, at the latest at the end of the test. It has said a line by the time that this
 * resolves.
 */
async function startProcess(
  bench: Bench,
  fixture: string,
  ...args: string[]
): Promise<() => Promise<void>> {
  const [command, before] = scriptCommand(`${FIXTURES}${fixture}`);
  const child = spawn(command, [...before, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  bench.onDispose(kill);
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return kill;
}

/** Items to send, as many as told, and then it waits without end. */
function source(count = Infinity) {
  return {
    given: 0,
    returned: 0,
    async next(): Promise<IteratorResult<number>> {
      if (this.given === count) return new Promise(() => {});
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { done: false, value: ++this.given };
    },
    async return(): Promise<IteratorResult<number>> {
      this.returned++;
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

describe("a stream whose link is lost", needsBroker, () => {
  it("at its reader rejects at once, and its generator ends when the reader is back", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const route = bench.route();
    const seen = counting(bench, route);
    await bench.worker();
    const client = bench.client({ settings: { host: "127.0.0.1", port: proxy.port } });
    const stream = client.stream(route);
    await stream.next();
    proxy.reset();
    const { error } = await collectUntilError(stream);
    assert.ok(error instanceof ConnectionLostError, String(error));
    assert.match(error.message, new RegExp(`"${route}"`));
    await waitFor(() => seen.cleaned === 1, "the generator's end", 2_000);
    // And the client goes on.
    const next = client.stream(route);
    assert.equal((await next.next()).value, 1);
    await next.return();
  });

  it("at its worker ends its generator at once, and rejects with ConnectionLostError", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const route = bench.route();
    const seen = counting(bench, route);
    await bench.worker({ settings: { host: "127.0.0.1", port: proxy.port } });
    const stream = bench.client().stream(route);
    await stream.next();
    proxy.reset();
    await waitFor(() => seen.cleaned === 1, "the generator's end", 1_000);
    // The worker that is back gets the request again, and its reader does not want it a second time.
    const { error, items } = await collectUntilError(stream);
    assert.ok(error instanceof ConnectionLostError, String(error));
    items.forEach((item, index) => assert.equal(item, index + 2));
    assert.equal(seen.begun, 1);
  });

  it("at its worker before any items is begun again", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const route = bench.route();
    const gate = deferred();
    let begun = 0;
    bench.registry(route, async function* (_input: unknown, ctx) {
      if (++begun === 1) await gate.promise;
      yield { begun, redelivered: ctx.redelivered };
    });
    await bench.worker({ settings: { host: "127.0.0.1", port: proxy.port } });
    const stream = bench.client().stream(route);
    await waitFor(() => begun === 1, "the first beginning");
    await new Promise((resolve) => setTimeout(resolve, 100));
    proxy.reset();
    assert.deepEqual((await stream.next()).value, { begun: 2, redelivered: true });
    gate.resolve();
    assert.equal((await stream.next()).done, true);
  });

  it("by the death of its worker's process rejects within seconds, and so does what sends items", async () => {
    await using bench = new Bench(direct, true);
    const [route, sum, echo] = [bench.route(), bench.route("sum"), bench.route("echo")];
    const lazy = bench.registry(bench.route("lazy"), NUMBERS, async (_: unknown, ctx) =>
      collect(ctx.incoming),
    );
    const kill = await startProcess(
      bench,
      "stream_worker.ts",
      brokerURL ?? "",
      ...[route, sum, echo, lazy.route],
    );
    // With a connection each: what one of them says tells all that share one.
    const [reading, sending, waiting] = ["reading", "sending", "waiting"].map((name) =>
      bench.client({ settings: { name } }),
    );
    assert.ok(reading && sending && waiting);
    // It has to say something every few items.
    const stream = reading.stream(route, null, { window: 100 });
    const [first, second, third] = [source(), source(), source(3)];
    const errors = [
      collectUntilError(stream).then(({ error }) => error),
      sending.call(sum, null, { send: first, timeout: 60_000 }).catch((error: unknown) => error),
      collectUntilError(sending.stream(echo, null, { send: second })).then(({ error }) => error),
      waiting.call(sum, null, { send: third, timeout: 60_000 }).catch((error: unknown) => error),
    ];
    const reply = waiting.call(lazy, null, { send: [1, 2], timeout: 60_000 });
    await waitFor(() => [first, second, third].every(({ given }) => given >= 3), "items");
    await kill();
    const start = performance.now();
    await bench.worker();
    // Nobody had asked for these.
    assert.deepEqual(await reply, [1, 2]);
    for (const error of await Promise.all(errors))
      assert.ok(error instanceof ConnectionLostError, String(error));
    assert.ok(performance.now() - start < 20_000, `${performance.now() - start} ms`);
    assert.deepEqual([first.returned, second.returned, third.returned], [1, 1, 1]);
  });

  it("by the death of its worker's process goes on at another worker with resume", async () => {
    await using bench = new Bench(direct, true);
    const route = bench.route();
    const kill = await startProcess(bench, "stream_worker.ts", brokerURL ?? "", route);
    const stream = bench.client().stream(route, null, {
      window: 100,
      resume: (last) => ({ after: last }),
    });
    const items: unknown[] = [(await stream.next()).value, (await stream.next()).value];
    await kill();
    bench.registry(route, async function* ({ after }: { readonly after: number }) {
      yield after + 1;
      yield "the end";
    });
    await bench.worker();
    for await (const item of stream) items.push(item);
    const last = items.pop();
    // What the first worker had sent, and then what the second makes of the last of it.
    assert.deepEqual(
      items,
      items.map((_, index) => index + 1),
    );
    assert.equal(last, "the end");
  });

  it(
    "by the death of its reader's process ends its generator, and what the reader sends, once it has been silent",
    onceOnNode,
    async () => {
      await using bench = new Bench(direct, true);
      const routes = [bench.route(), bench.route("sum"), bench.route("echo")] as const;
      const [route, sum, echo] = routes;
      const seen = counting(bench, route);
      const loops = [sum, echo].map(() => ({ read: 0, error: undefined as unknown, cleaned: 0 }));
      const receive = async function* (index: number, incoming: AsyncIterable<number>) {
        const loop = loops[index];
        assert.ok(loop);
        try {
          for await (const n of incoming) yield (loop.read = n);
        } catch (error) {
          loop.error = error;
        } finally {
          loop.cleaned++;
        }
      };
      bench.registry(sum, NUMBERS, async (_: unknown, ctx) => {
        await collect(receive(0, ctx.incoming));
      });
      bench.registry(echo, NUMBERS, (_: unknown, ctx) => receive(1, ctx.incoming));
      const worker = await bench.worker();
      const kill = await startProcess(bench, "stream_reader.ts", brokerURL ?? "", ...routes);
      assert.equal(seen.begun, 1);
      await waitFor(() => loops.every(({ read }) => read > 3), "items");
      await kill();
      const areOver = (): boolean =>
        seen.cleaned === 1 && loops.every(({ cleaned }) => cleaned === 1) && worker.running === 0;
      await waitFor(areOver, "the ends of the handlers", 60_000);
      for (const { error } of loops)
        assert.match(String(error), /^AbortError: The caller is silent$/);
    },
  );
});
