import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";

import { ConnectionLostError } from "../../mod.ts";
import type { Settings } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import { brokerURL, needsBroker } from "../support/broker.ts";
import { collectUntilError } from "../support/collect.ts";
import { counting } from "../support/counting.ts";
import { onceOnNode } from "../support/once_on_node.ts";
import { scriptCommand } from "../support/run_script.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

const direct: Settings = { url: brokerURL, environment: "", reconnect: { initial: 5, max: 50 } };
const FIXTURES = fileURLToPath(new URL("fixtures/", import.meta.url));

/** A process of its own, until it is killed. It has said a line by the time that this resolves. */
async function startProcess(fixture: string, ...args: string[]): Promise<() => Promise<void>> {
  const [command, before] = scriptCommand(`${FIXTURES}${fixture}`);
  const child = spawn(command, [...before, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, "SIGKILL");
    await ended;
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

  it("by the death of its worker's process rejects within seconds", async () => {
    await using bench = new Bench(direct, true);
    const route = bench.route();
    const kill = await startProcess("stream_worker.ts", brokerURL ?? "", route);
    const client = bench.client();
    // It has to say something every few items.
    const stream = client.stream(route, null, { window: 100 });
    await stream.next();
    await kill();
    const start = performance.now();
    const { error } = await collectUntilError(stream);
    assert.ok(error instanceof ConnectionLostError, String(error));
    assert.ok(performance.now() - start < 16_000, `${performance.now() - start} ms`);
  });

  it("by the death of its worker's process goes on at another worker with resume", async () => {
    await using bench = new Bench(direct, true);
    const route = bench.route();
    const kill = await startProcess("stream_worker.ts", brokerURL ?? "", route);
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
    "by the death of its reader's process ends its generator within 40 s",
    onceOnNode,
    async () => {
      await using bench = new Bench(direct, true);
      const route = bench.route();
      const seen = counting(bench, route);
      const worker = await bench.worker();
      const kill = await startProcess("stream_reader.ts", brokerURL ?? "", route);
      assert.equal(seen.begun, 1);
      await kill();
      await waitFor(
        () => seen.cleaned === 1 && worker.running === 0,
        "the generator's end",
        40_000,
      );
    },
  );
});
