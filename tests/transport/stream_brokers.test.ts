import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import * as v from "valibot";

import { ConnectionLostError } from "../../mod.ts";
import type { Settings } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import { collect, collectUntilError } from "../support/collect.ts";
import { counting } from "../support/counting.ts";
import { needsRabbitMQServerForLong, PrivateBroker } from "../support/private_broker.ts";
import { waitFor } from "../support/wait_for.ts";

describe("a stream and its broker", needsRabbitMQServerForLong, () => {
  let broker: PrivateBroker;

  before(async () => {
    broker = await PrivateBroker.start({ plain: true });
  });
  after(() => broker[Symbol.asyncDispose]());

  it("that restarts ends on both sides, and streams work again", async () => {
    await using bench = new Bench(broker.settings, false);
    const route = bench.route();
    const seen = counting(bench, route);
    await bench.worker();
    const client = bench.client();
    const stream = client.stream(route);
    await stream.next();
    await broker.node.kill();
    const { error } = await collectUntilError(stream);
    assert.ok(error instanceof ConnectionLostError, String(error));
    await waitFor(() => seen.cleaned === 1, "the generator's end", 5_000);
    await broker.node.start();
    const next = client.stream(route, null, { timeout: 60_000 });
    assert.equal((await next.next()).value, 1);
    await next.return();
    await waitFor(() => seen.cleaned === 2, "the second generator's end");
  });

  it("that is out of memory waits, and goes on afterwards, as do readers and items that are sent", async () => {
    await using bench = new Bench(broker.settings, false);
    const [route, endless, sum] = [bench.route(), bench.route("endless"), bench.route("sum")];
    counting(bench, endless);
    bench.registry(sum, { receives: v.number() }, async (_: unknown, ctx) => {
      return (await collect(ctx.incoming)).length;
    });
    let made = 0;
    let last = Infinity;
    bench.registry(route, async function* () {
      while (made < last) {
        yield ++made;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    await bench.worker();
    const client = bench.client();
    const stream = client.stream(route);
    await stream.next();
    const read = client.stream(endless, null, { window: 100 });
    let reads = 0;
    const readOn = async (): Promise<void> => assert.equal((await read.next()).value, ++reads);
    await readOn();
    let sent = 0;
    let isLast = false;
    const send = (async function* () {
      while (!isLast) {
        yield ++sent;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const call = client.call(sum, null, { send, timeout: 120_000 });
    await waitFor(() => sent > 3, "items");
    await broker.node.ctl("set_vm_memory_high_watermark", "0.00001");
    await waitFor(() => client.status.state === "blocked", "a blocked link");
    // It takes all that is here, and what it says about it is not heard.
    const far = reads + 200;
    const reading = (async () => {
      while (reads < far) await readOn();
    })();
    let before = -1;
    await waitFor(
      async () => {
        const isStill = made === before;
        before = made;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return isStill;
      },
      "a worker that waits",
      20_000,
    );
    last = made + 100;
    const readBefore = reads;
    const sentBefore = sent;
    assert.ok(reads < far);
    await broker.node.ctl("set_vm_memory_high_watermark", "0.4");
    let count = 1;
    for await (const n of stream) assert.equal(n, ++count);
    assert.equal(count, last);
    await waitFor(() => reads > readBefore && sent > sentBefore + 10, "the others");
    isLast = true;
    assert.equal(await call, sent);
    await reading;
    await read.return();
  });

  it("that loses the control queue of its worker ends it, and the next one has another", async () => {
    await using bench = new Bench(broker.settings, false);
    const route = bench.route();
    counting(bench, route);
    await bench.worker();
    const client = bench.client();
    const stream = client.stream(route, null, { window: 100 });
    await stream.next();
    const queues = await broker.node.ctl("-q", "list_queues", "name");
    const name = /^amq\.gen-\S+$/m.exec(queues)?.[0] ?? "";
    await broker.eval(
      `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${name}">>)), rabbit_amqqueue:delete(Q, false, false, <<"test">>).`,
    );
    const { error } = await collectUntilError(stream);
    assert.ok(error instanceof ConnectionLostError, String(error));
    const next = client.stream(route, null, { window: 100 });
    for (let n = 1; n < 100; n++) assert.equal((await next.next()).value, n);
    await next.return();
  });

  it("that gives its worker no control queue is a list", async () => {
    await broker.node.ctl("add_user", "poor", "poor");
    // No queue of the broker's naming.
    await broker.node.ctl("set_permissions", "poor", "^test\\..*", ".*", "^test\\..*");
    await using bench = new Bench(broker.settings, false);
    const route = bench.route();
    bench.registry(route, async function* () {
      yield 1;
      yield 2;
    });
    const sum = bench.registry(bench.route("sum"), { receives: v.number() }, async () => 1);
    await bench.worker({ settings: { username: "poor", password: "poor", ...hostOf(broker) } });
    const client = bench.client();
    const items: unknown[] = [];
    for await (const item of client.stream(route)) items.push(item);
    assert.deepEqual(items, [1, 2]);
    const { signal } = new AbortController();
    assert.deepEqual(await client.call(route, null, { signal }), [1, 2]);
    await assert.rejects(client.call(sum, null, { send: [1] }), { code: "not_served" });
  });
});

function hostOf({ node }: PrivateBroker): Settings {
  return { url: `amqp://poor:poor@127.0.0.1:${node.port}` };
}
