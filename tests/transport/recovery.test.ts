import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";

import { ConnectionLostError, ConnectionRefusedError, RPCTimeoutError, Worker } from "../../mod.ts";
import type { Settings } from "../../mod.ts";
import { CapturedLog } from "../foreign/captured_log.ts";
import { Bench } from "../support/adapters.ts";
import {
  brokerURL,
  deleteQueue,
  inspectQueue,
  needsBroker,
  refusesTransientQueues,
  withChannel,
} from "../support/broker.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

const direct: Settings = { url: brokerURL, environment: "", reconnect: { initial: 5, max: 50 } };

describe("recovery over RabbitMQ", needsBroker, () => {
  it("a call in flight rejects at once with ConnectionLostError, and the next one works", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const [started, gate] = [deferred(), deferred()];
    let first = true;
    bench.registry(bench.route(), async () => {
      if (!first) return "again";
      first = false;
      started.resolve();
      await gate.promise;
      return "lost";
    });
    await bench.worker();
    const client = bench.client({ settings: { host: "127.0.0.1", port: proxy.port } });
    const call = client.call(bench.route());
    await started.promise;
    proxy.reset();
    const error = await call.catch((reason: unknown) => reason);
    assert.ok(error instanceof ConnectionLostError, String(error));
    assert.equal(error.code, "connection_lost");
    assert.ok(error.message.includes(bench.route()));
    assert.equal(await client.call(bench.route()), "again");
    gate.resolve();
  });

  it("a call that says retry is sent again", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const [started, gate] = [deferred(), deferred()];
    let runs = 0;
    bench.registry(bench.route(), async (input: unknown) => {
      if (++runs > 1) return { runs, input };
      started.resolve();
      await gate.promise;
      return "lost";
    });
    await bench.worker();
    const client = bench.client({ settings: { host: "127.0.0.1", port: proxy.port } });
    const call = client.call(bench.route(), { a: 1 }, { retry: true });
    await started.promise;
    proxy.reset();
    assert.deepEqual(await call, { runs: 2, input: { a: 1 } });
    gate.resolve();
  });

  it("calls made while the broker is away wait for it, and no longer than their deadline", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    bench.registry(bench.route(), (n: number) => n);
    await bench.worker();
    const client = bench.client({ settings: { host: "127.0.0.1", port: proxy.port } });
    assert.equal(await client.call(bench.route(), 0), 0);
    proxy.refuse();
    await waitFor(() => client.status.state === "waiting", "the client noticing");
    const calls = Promise.all([1, 2, 3].map((n) => client.call(bench.route(), n)));
    const late = await client
      .call(bench.route(), 4, { timeout: 30 })
      .catch((reason: unknown) => reason);
    assert.ok(late instanceof RPCTimeoutError);
    assert.match(late.message, /could not be sent/);
    proxy.accept();
    assert.deepEqual(await calls, [1, 2, 3]);
  });

  it("a worker serves again after its link dropped, and gets what it had not answered once more", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const [started, gate] = [deferred(), deferred()];
    bench.registry(bench.route(), async (_: unknown, { redelivered }) => {
      if (redelivered) return "second time";
      started.resolve();
      await gate.promise;
      return "first time";
    });
    const worker = await bench.worker({ settings: { host: "127.0.0.1", port: proxy.port } });
    const call = bench.client().call(bench.route());
    await started.promise;
    proxy.reset();
    assert.equal(await call, "second time");
    assert.equal(worker.status.state, "ready");
    gate.resolve();
  });

  it("a worker declares its queue again when somebody deletes it", async () => {
    await using bench = new Bench(direct, true);
    bench.registry(bench.route(), () => "served");
    await bench.worker();
    await deleteQueue(bench.route());
    const isServed = (): Promise<boolean> =>
      inspectQueue(bench.route()).then(
        ({ consumerCount }) => consumerCount === 1,
        () => false,
      );
    await waitFor(isServed, "the queue being served again");
    assert.equal(await bench.client().call(bench.route()), "served");
  });

  it("a deleted queue takes with it what waited there, and nothing that was being handled", async () => {
    await using bench = new Bench(direct, true);
    const [started, gate] = [deferred(), deferred()];
    const served: unknown[] = [];
    bench.registry(bench.route(), { concurrency: 1 }, async (input: unknown) => {
      served.push(input);
      started.resolve();
      await gate.promise;
      return input;
    });
    await bench.worker();
    const client = bench.client();
    const handled = client.call(bench.route(), "handled");
    await started.promise;
    const waiting = client.call(bench.route(), "waiting", { timeout: 1_000 });
    const timedOut = assert.rejects(waiting, RPCTimeoutError);
    await waitFor(async () => (await inspectQueue(bench.route())).messageCount === 1, "the call");
    await deleteQueue(bench.route());
    gate.resolve();
    assert.equal(await handled, "handled");
    await timedOut;
    assert.equal(await client.call(bench.route(), "later"), "later");
    assert.deepEqual(served, ["handled", "later"]);
  });

  it("a worker uses a queue that was declared otherwise as it is", async () => {
    await using bench = new Bench(direct, true);
    await withChannel((channel) =>
      channel.queueDeclare(bench.route(), { durable: true }, { "x-max-length": 10 }),
    );
    bench.registry(bench.route(), () => "served");
    await bench.worker();
    assert.equal(await bench.client().call(bench.route()), "served");
  });

  it(
    "a broker that refuses queues which are not durable refuses a worker that asks for one",
    { skip: refusesTransientQueues ? false : "needs RabbitMQ 4 with such a setting" },
    async () => {
      await using bench = new Bench(direct, true);
      bench.registry(bench.route(), { queue: { durable: false } }, () => 1);
      await assert.rejects(bench.worker(), {
        name: "ConnectionRefusedError",
        message: /transient_nonexcl_queues/,
      });
    },
  );

  for (const [what, settings, reason] of [
    ["a wrong password", { password: "hunter2" }, /ACCESS_REFUSED/],
    ["an unknown virtual host", { vhost: "nowhere" }, /nowhere/],
  ] as const) {
    it(`${what} is told at once, to calls and to a worker, and a later call asks again`, async () => {
      await using bench = new Bench(direct, true);
      const client = bench.client({ settings });
      for (let attempt = 0; attempt < 2; attempt++) {
        const error = await client
          .call(bench.route(), 1, { timeout: 8_000 })
          .catch((cause: unknown) => cause);
        assert.ok(error instanceof ConnectionRefusedError, String(error));
        assert.equal(error.code, "connection_refused");
        assert.match(error.message, reason);
        assert.doesNotMatch(JSON.stringify(error) + error.message + String(error.stack), /hunter2/);
      }
      assert.equal(client.status.state, "refused");
      bench.registry(bench.route(), () => 1);
      await assert.rejects(bench.worker({ settings }), ConnectionRefusedError);
    });
  }

  it("a client closes while the broker is away, and calls that wait reject with ClosedError", async () => {
    await using bench = new Bench(direct, true);
    const client = bench.client({ settings: { url: "amqp://127.0.0.1:1" } });
    const call = client.call(bench.route());
    const rejected = assert.rejects(call, { name: "ClosedError" });
    await waitFor(() => client.status.state === "waiting", "a failed attempt");
    await client.close();
    await rejected;
  });

  it("tries the hosts of a cluster until one answers", async () => {
    await using bench = new Bench(direct, true);
    bench.registry(bench.route(), () => "found");
    const urls = ["amqp://127.0.0.1:1", "amqp://127.0.0.1:2", brokerURL ?? ""];
    await bench.worker({ settings: { url: urls } });
    assert.equal(await bench.client({ settings: { url: urls } }).call(bench.route()), "found");
  });

  it("gives up after so many attempts, when told to", async () => {
    await using bench = new Bench(direct, true);
    const client = bench.client({
      settings: { url: "amqp://127.0.0.1:1", reconnect: { initial: 1, max: 2, attempts: 3 } },
    });
    await assert.rejects(client.call(bench.route()), {
      name: "ConnectionLostError",
      message: /gave up after 3 attempts/,
    });
  });

  it("an attempt to connect ends after connectTimeout when the other side says nothing", async () => {
    await using bench = new Bench(direct, true);
    const silent = net.createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as net.AddressInfo;
    const settings: Settings = {
      host: "127.0.0.1",
      port,
      connectTimeout: 40,
      reconnect: { attempts: 1 },
    };
    const call = bench.client({ settings }).call(bench.route());
    await assert.rejects(call, { name: "ConnectionLostError", message: /40 ms/ });
    await new Promise((resolve) => silent.close(resolve));
  });

  it("notices a link that is gone without a word within two heartbeats", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    bench.registry(bench.route(), () => "alive");
    await bench.worker();
    const client = bench.client({
      settings: { host: "127.0.0.1", port: proxy.port, heartbeatSeconds: 1 },
    });
    assert.equal(await client.call(bench.route()), "alive");
    proxy.freeze();
    const since = performance.now();
    await assert.rejects(client.call(bench.route()), ConnectionLostError);
    assert.ok(performance.now() - since < 2_500, `took ${performance.now() - since} ms`);
    assert.equal(await client.call(bench.route()), "alive");
  });

  it("a worker notices that too, and serves again", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    bench.registry(bench.route(), () => "served");
    const worker = await bench.worker({
      settings: { host: "127.0.0.1", port: proxy.port, heartbeatSeconds: 1 },
    });
    const noticed = deferred();
    worker.onStatus(({ state }) => state === "waiting" && noticed.resolve());
    proxy.freeze();
    const since = performance.now();
    await noticed.promise;
    assert.ok(performance.now() - since < 2_500, `took ${performance.now() - since} ms`);
    await waitFor(() => worker.status.state === "ready", "the worker");
    assert.equal(await bench.client().call(bench.route()), "served");
  });
});

describe("the status of a link to RabbitMQ", needsBroker, () => {
  it("is logged once for each change that an operator wants to know", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    await using log = await CapturedLog.start("info");
    bench.registry(bench.route(), () => "served");
    await bench.worker();
    const client = bench.client({
      settings: { host: "127.0.0.1", port: proxy.port, name: bench.route() },
    });
    await client.call(bench.route());
    const noticed = deferred();
    client.onStatus(({ state }) => state === "waiting" && noticed.resolve());
    proxy.reset();
    await noticed.promise;
    await client.call(bench.route());
    await client.close();
    const mine = log.messages(`${bench.route()} client: `);
    assert.equal(mine.length, 3, mine.join("\n"));
    assert.match(mine[0] ?? "", /connected to/);
    assert.match(mine[1] ?? "", /Cannot reach the broker .*; next attempt in \d+ ms$/);
    assert.match(mine[2] ?? "", /connected to/);
  });

  it("tells pauses of random length below a limit that doubles, up to a maximum", async () => {
    await using bench = new Bench(direct, true);
    const reconnect = { initial: 4, max: 64, attempts: 40 };
    const client = bench.client({ settings: { url: "amqp://127.0.0.1:1", reconnect } });
    const pauses: { attempt: number; delay: number }[] = [];
    client.onStatus((status) => {
      if (status.state === "waiting") pauses.push(status);
    });
    await assert.rejects(client.call(bench.route()), ConnectionLostError);
    assert.deepEqual(
      pauses.map(({ attempt }) => attempt),
      Array.from({ length: 39 }, (_, i) => i + 1),
    );
    for (const { attempt, delay } of pauses)
      assert.ok(delay <= Math.min(64, 4 * 2 ** attempt), `${delay} ms after attempt ${attempt}`);
    const late = pauses.slice(4).map(({ delay }) => delay);
    // 35 numbers from 0 to 64: the chance of failing by accident is below 1 in 10,000.
    assert.ok(Math.max(...late) > 40 && Math.min(...late) < 24, late.join(" "));
    assert.ok(new Set(late).size > 10, late.join(" "));
  });

  it("is told to listeners and iterators, change by change", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    bench.registry(bench.route(), () => "served");
    await bench.worker();
    const client = bench.client({ settings: { host: "127.0.0.1", port: proxy.port } });
    assert.deepEqual(client.status, { state: "idle" });
    const [heard, iterated]: [string[], string[]] = [[], []];
    const subscription = client.onStatus(({ state }) => heard.push(state));
    const iteration = (async () => {
      for await (const { state } of client.statusChanges()) iterated.push(state);
    })();
    await client.call(bench.route());
    assert.equal(client.status.state, "ready");
    proxy.reset();
    await waitFor(
      () => heard.filter((state) => state === "ready").length === 2,
      "the second connection",
    );
    assert.equal(await client.call(bench.route()), "served");
    await client.close();
    await iteration;
    assert.deepEqual(iterated, heard);
    assert.deepEqual(
      heard.filter((state, i) => state !== heard[i - 1]),
      ["connecting", "ready", "waiting", "connecting", "ready", "closed"],
    );
    subscription[Symbol.dispose]();
  });

  it("stops being told when disposed or aborted", async () => {
    await using bench = new Bench(direct, true);
    const client = bench.client();
    let calls = 0;
    client.onStatus(() => calls++)[Symbol.dispose]();
    const controller = new AbortController();
    const iteration = (async () => {
      for await (const status of client.statusChanges({ signal: controller.signal }))
        assert.fail(status.state);
    })();
    controller.abort();
    await iteration;
    await client.close();
    assert.equal(calls, 0);
  });

  it("of a worker ends its promise: stopped, or refused for good", async () => {
    await using bench = new Bench(direct, true);
    bench.registry(bench.route(), () => 1);
    const worker = await bench.worker();
    await worker.stop();
    await worker.finished;
    const refused = new Worker({
      registry: bench.registry,
      settings: { ...direct, password: "hunter2" },
    });
    await assert.rejects(refused.start(), ConnectionRefusedError);
    await assert.rejects(refused.finished, ConnectionRefusedError);
  });

  it("of a worker that is stopped before it could start lets start() reject", async () => {
    await using bench = new Bench(direct, true);
    bench.registry(bench.route(), () => 1);
    for (const url of ["amqp://127.0.0.1:1", brokerURL ?? ""]) {
      const worker = new Worker({ registry: bench.registry, settings: { ...direct, url } });
      const started = assert.rejects(worker.start(), { name: "ClosedError" });
      await worker.stop();
      await started;
      await worker.finished;
    }
  });
});
