import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { BgtasksError, ConnectionRefusedError, RPCTimeoutError } from "../../mod.ts";
import { CapturedLog } from "../foreign/captured_log.ts";
import { Bench } from "../support/adapters.ts";
import { needsRabbitMQServerForLong, PrivateBroker } from "../support/private_broker.ts";
import { deferred, waitFor } from "../support/wait_for.ts";

describe("what an operator does to a broker in use", needsRabbitMQServerForLong, () => {
  let broker: PrivateBroker;

  before(async () => {
    broker = await PrivateBroker.start();
  });

  after(() => broker[Symbol.asyncDispose]());

  it("closing every connection: calls and worker go on over new ones", async () => {
    await using bench = new Bench(broker.settings, false);
    bench.registry(bench.route(), (input: unknown) => input);
    const worker = await bench.worker();
    const client = bench.client();
    assert.equal(await client.call(bench.route(), 1), 1);
    const [lostByClient, lostByWorker] = [deferred<string>(), deferred<string>()];
    client.onStatus((status) => {
      if (status.state === "waiting") lostByClient.resolve(status.error.message);
    });
    worker.onStatus((status) => {
      if (status.state === "waiting") lostByWorker.resolve(status.error.message);
    });
    await broker.node.ctl("close_all_connections", "maintenance tonight");
    assert.match(await lostByClient.promise, /maintenance tonight/);
    assert.match(await lostByWorker.promise, /maintenance tonight/);
    assert.equal(await client.call(bench.route(), 2), 2);
    await waitFor(() => worker.status.state === "ready", "the worker");
  });

  it("a memory alarm: calls wait within their deadline, then go out, and the worker loses nothing", async () => {
    await using bench = new Bench(broker.settings, false);
    const handled: unknown[] = [];
    const [started, gate] = [deferred(), deferred()];
    bench.registry(bench.route(), async (input: unknown) => {
      handled.push(input);
      started.resolve();
      await gate.promise;
      return input;
    });
    const worker = await bench.worker();
    const client = bench.client();
    const states: string[] = [];
    const first = client.call(bench.route(), 1);
    await started.promise;
    client.onStatus(({ state }) => states.push(state));
    worker.onStatus(({ state }) => states.push(`worker ${state}`));
    await alarm(broker, async () => {
      // The broker says that it blocks, and reads no further, when it next sees a message come.
      const second = client.call(bench.route(), 2);
      gate.resolve();
      await waitFor(() => client.status.state === "blocked", "the client being told");
      await waitFor(() => worker.status.state === "blocked", "the worker being told");
      const waiting = [3, 4].map((input) => client.call(bench.route(), input));
      const late = await client
        .call(bench.route(), "late", { timeout: 50 })
        .catch((reason: unknown) => reason);
      assert.ok(late instanceof RPCTimeoutError, String(late));
      assert.match(late.message, /takes no requests/);
      await endAlarm(broker);
      assert.deepEqual(await Promise.all([first, second, ...waiting]), [1, 2, 3, 4]);
    });
    assert.deepEqual(handled, [1, 2, 3, 4]);
    await waitFor(() => worker.status.state === "ready", "the worker");
    // The connections stood all the time.
    assert.deepEqual([...new Set(states)].sort(), [
      "blocked",
      "ready",
      "worker blocked",
      "worker ready",
    ]);
  });

  it("a memory alarm keeps neither a client nor a worker from closing", async () => {
    await using bench = new Bench(broker.settings, false);
    const [started, gate] = [deferred(), deferred()];
    bench.registry(bench.route(), async (input: unknown) => {
      started.resolve();
      await gate.promise;
      return input;
    });
    const worker = await bench.worker();
    const client = bench.client();
    const out = client.call(bench.route(), 1, { timeout: 1_000 });
    const timedOut = assert.rejects(out, RPCTimeoutError);
    await started.promise;
    await alarm(broker, async () => {
      gate.resolve();
      await waitFor(() => worker.status.state === "blocked", "the worker being told");
      client.call(bench.route(), 2, { timeout: 1_000 }).catch(() => {});
      await waitFor(() => client.status.state === "blocked", "the client being told");
      const waiting = assert.rejects(client.call(bench.route(), 3), { name: "ClosedError" });
      const closed = Promise.all([worker.stop(), client.close(), waiting, timedOut]);
      const settled = await Promise.race([closed.then(() => true), sleep(8_000)]);
      assert.ok(settled, "closing hangs");
      assert.deepEqual([worker.status.state, client.status.state], ["closed", "closed"]);
    });
    // What the broker could not read is not lost: the request is still in its queue, or was answered.
    await waitFor(async () => (await broker.node.inventory()).connections.length === 0, "the end");
  });

  it("a memory alarm does not make a worker refuse the callers that it meets meanwhile", async () => {
    await using bench = new Bench(broker.settings, false);
    bench.registry(bench.route(), (input: unknown) => input);
    // So that the queue is there and holds a request of a caller that the next worker has not met.
    await (await bench.worker()).stop();
    const client = bench.client();
    const first = client.call(bench.route(), 1, { timeout: 60_000 });
    await waitFor(async () => (await queued(broker, bench.route())) === 1, "the request");
    await alarm(broker, async () => {
      await bench.worker();
      await waitFor(
        async () => (await queued(broker, bench.route())) === 0,
        "the worker taking it",
      );
      // Longer than anything that the worker may ask the broker about the caller.
      await sleep(3_000);
    });
    assert.equal(await first, 1);
    assert.equal(await client.call(bench.route(), 2, { timeout: 5_000 }), 2);
  });

  it("a changed password: told at once and not tried again, until it is right again", async () => {
    await broker.node.ctl("add_user", "service", "first");
    await broker.node.ctl("set_permissions", "service", ".*", ".*", ".*");
    const settings = { ...broker.settings, username: "service", password: "first" };
    await using bench = new Bench(settings, false);
    await using log = await CapturedLog.start();
    bench.registry(bench.route(), (input: unknown) => input);
    const worker = await bench.worker();
    const client = bench.client();
    assert.equal(await client.call(bench.route(), 1), 1);
    await broker.node.ctl("change_password", "service", "second");
    await broker.node.ctl("close_all_connections", "new password");
    await assert.rejects(worker.finished, ConnectionRefusedError);
    await waitFor(() => client.status.state === "refused", "the client being refused");
    assert.equal(worker.status.state, "refused");
    const error = await client.call(bench.route(), 2).catch((reason: unknown) => reason);
    assert.ok(error instanceof ConnectionRefusedError, String(error));
    assert.match(error.message, /ACCESS_REFUSED/);
    // Once when the connection broke and once for the new call.
    const told = log.messages("client", "ACCESS_REFUSED").length;
    assert.equal(told, 2);
    await broker.node.ctl("change_password", "service", "first");
    const again = await bench.worker();
    assert.equal(await client.call(bench.route(), 3), 3);
    await again.stop();
  });

  it("the permission to write taken away: a typed error at once, with retry too", async () => {
    await broker.node.ctl("add_user", "reader", "reader");
    await broker.node.ctl("set_permissions", "reader", ".*", ".*", ".*");
    await using bench = new Bench(broker.settings, false);
    await using log = await CapturedLog.start();
    bench.registry(bench.route(), (input: unknown) => input);
    await bench.worker();
    const settings = { username: "reader", password: "reader" };
    const client = bench.client({ settings });
    assert.equal(await client.call(bench.route(), 1), 1);
    await broker.node.ctl("set_permissions", "reader", ".*", "^$", ".*");
    await broker.node.ctl("close_all_connections", "new permissions");
    for (const retry of [false, true]) {
      const error = await client
        .call(bench.route(), 2, { retry, timeout: 3_000 })
        .catch((reason: unknown) => reason);
      assert.ok(error instanceof ConnectionRefusedError, `with retry ${retry}: ${String(error)}`);
      assert.match(error.message, /ACCESS_REFUSED/);
    }
    assert.ok(log.messages("ACCESS_REFUSED").length < 10, "tried again and again");
    await broker.node.ctl("set_permissions", "reader", ".*", ".*", ".*");
    assert.equal(await client.call(bench.route(), 3), 3);
  });

  it("the permission for one queue taken away: the worker says so and serves the others", async () => {
    await using bench = new Bench(broker.settings, false);
    await using log = await CapturedLog.start();
    const [open, closed] = [bench.route("open"), bench.route("closed")];
    for (const route of [open, closed]) bench.registry(route, (input: unknown) => input);
    await broker.node.ctl("add_user", "server", "server");
    await broker.node.ctl("set_permissions", "server", ".*", ".*", ".*");
    const settings = { username: "server", password: "server" };
    const worker = await bench.worker({ settings });
    const client = bench.client();
    assert.equal(await client.call(closed, 1), 1);
    const others = "^(?!.*[.]closed$).*$";
    await broker.node.ctl("set_permissions", "server", others, ".*", others);
    await broker.node.ctl("close_all_connections", "new permissions");
    await assert.rejects(worker.finished, { name: "ConnectionRefusedError", message: /closed/ });
    await waitFor(() => log.messages("ACCESS_REFUSED", closed).length > 0, "a log record");
    // Its own connection was closed as well, and that may reach it only now.
    assert.equal(await client.call(open, 2, { retry: true }), 2);
    const late = await client.call(closed, 3, { timeout: 200 }).catch((reason: unknown) => reason);
    assert.ok(late instanceof RPCTimeoutError, String(late));
    assert.equal(late.consumers, 0);
    // Not asked for again and again.
    assert.equal(log.messages("ACCESS_REFUSED", closed).length, 1);
  });

  it("a message that is too large for the broker fails, with retry too, and the client goes on", async () => {
    await limitMessages(broker, 1_000);
    try {
      await using bench = new Bench(broker.settings, false);
      bench.registry(bench.route(), (input: unknown) => input);
      await bench.worker();
      const client = bench.client();
      for (const retry of [false, true]) {
        const error = await client
          .call(bench.route(), "x".repeat(2_000), { retry, timeout: 60_000 })
          .catch((reason: unknown) => reason);
        assert.ok(error instanceof BgtasksError, `with retry ${retry}: ${String(error)}`);
        assert.equal(error.code, "too_large", `with retry ${retry}: ${error.message}`);
        assert.equal(await client.call(bench.route(), 1), 1);
      }
    } finally {
      await limitMessages(broker, 16_777_216);
    }
  });
});

/** How many messages of a queue no worker has. */
async function queued({ node }: PrivateBroker, queue: string): Promise<number> {
  const rows = await node.ctl("-q", "list_queues", "name", "messages_ready", "--no-table-headers");
  return Number(new RegExp(`^${queue}\\t(\\d+)$`, "m").exec(rows)?.[1]);
}

/** Sets the size of the largest message in bytes, where RabbitMQ 3 and where 4 looks for it. */
async function limitMessages(broker: PrivateBroker, bytes: number): Promise<void> {
  await broker.eval(
    `application:set_env(rabbit, max_message_size, ${bytes}), persistent_term:put(max_message_size, ${bytes}).`,
  );
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Lets the broker block whoever publishes, while `work` runs. */
async function alarm(broker: PrivateBroker, work: () => Promise<void>): Promise<void> {
  await broker.eval("rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []}).");
  try {
    await work();
  } finally {
    await endAlarm(broker);
  }
}

async function endAlarm(broker: PrivateBroker): Promise<void> {
  await broker.eval("rabbit_alarm:clear_alarm({resource_limit, memory, node()}).");
}
