import assert from "node:assert/strict";
import { it } from "node:test";

import type { AMQPMessage } from "@cloudamqp/amqp-client";

import { deadQueueName, jobQueueName } from "../../../src/jobs/job_queues.ts";
import { inspectQueue, withChannel } from "../../support/broker.ts";
import { onJobBroker } from "../../support/job_bench.ts";
import { TCPProxy } from "../../support/tcp_proxy.ts";
import { waitFor } from "../../support/wait_for.ts";

/** The messages of a queue, as another program sees them; they are back in it when this resolves. */
async function look(queue: string, url: string): Promise<AMQPMessage[]> {
  const found = await withChannel(async (channel) => {
    const { messageCount } = await channel.queueDeclare(queue, { passive: true });
    const asked = Array.from({ length: messageCount }, () =>
      channel.basicGet(queue, { noAck: false }),
    );
    return (await Promise.all(asked)).filter((one) => one !== null);
  }, url);
  const isBack = async (): Promise<boolean> =>
    (await inspectQueue(queue, url)).messageCount >= found.length;
  await waitFor(isBack, `the messages of ${queue}`);
  return found;
}

/** What a sender of another kind may say beside a body. */
const FOREIGN = {
  contentType: "application/octet-stream",
  contentEncoding: "gzip",
  correlationId: "c-1",
  type: "job",
  headers: { "request-id": "r-1" },
} as const;

/** Puts a body into the queue of a job. */
async function put(route: string, id: string, body: Uint8Array, url: string): Promise<void> {
  const properties = { ...FOREIGN, messageId: id };
  await withChannel(
    (channel) => channel.basicPublish("", jobQueueName(route), body, properties),
    url,
  );
}

onJobBroker("dead letters of RabbitMQ", (adapter) => {
  it("stay in their order when they are looked at more often than a job may be delivered", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.jobs(route, (_: unknown, ctx) => ctx.giveUp("no"));
    await bench.worker({ concurrency: 100 });
    const client = bench.client();
    await client.sendMany(
      route,
      Array.from({ length: 300 }, (_, index) => index),
    );
    const dead = client.deadLetters(route);
    await waitFor(async () => (await dead.count()) === 300, "the letters");
    const order = (await dead.list()).map(({ id }) => id);
    assert.equal(new Set(order).size, 300);
    for (let times = 0; times < 22; times++)
      assert.deepEqual(
        (await dead.list()).map(({ id }) => id),
        order,
      );
    // More than the broker's channel tells the queue of at once.
    assert.deepEqual(await dead.discard({ limit: 100 }), { discarded: 100 });
    assert.deepEqual(await dead.discard({ ids: order.slice(150) }), { discarded: 150 });
    assert.deepEqual(
      (await dead.list()).map(({ id }) => order.indexOf(id)),
      Array.from({ length: 50 }, (_, index) => 100 + index),
    );
    assert.deepEqual(await dead.discard(), { discarded: 50 });
    assert.equal(await dead.count(), 0);
  });

  it("whose bodies are not UTF-8 are listed, retried byte by byte, and discarded", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.jobs(route, (_: unknown, ctx) => ctx.giveUp("no"));
    await bench.worker({ concurrency: 1 });
    const client = bench.client();
    const dead = client.deadLetters(route);
    const bytes = Uint8Array.of(0x22, 0xff, 0x00, 0xc3, 0x28, 0x22);
    await put(route, "bytes", bytes, adapter.url());
    await waitFor(async () => (await dead.count()) === 1, "the letter of bytes");
    await client.send(route, "text", { id: "text" });
    await waitFor(async () => (await dead.count()) === 2, "both letters");
    const seen = (await dead.list()).map(({ id, reason, text, body, byteLength }) => {
      return { id, reason, text, body, byteLength };
    });
    assert.deepEqual(seen, [
      { id: "bytes", reason: "unreadable", text: undefined, body: undefined, byteLength: 6 },
      { id: "text", reason: "given_up", text: '"text"', body: "text", byteLength: 6 },
    ]);
    assert.deepEqual(await dead.retry({ ids: ["bytes"] }), { retried: 1, left: 0 });
    await waitFor(async () => (await dead.count()) === 2, "the letter of bytes, refused once more");
    assert.deepEqual(
      (await dead.list()).map(({ id, reason }) => [id, reason]),
      [
        ["text", "given_up"],
        ["bytes", "unreadable"],
      ],
    );
    const [, kept] = await look(deadQueueName(jobQueueName(route)), adapter.url());
    assert.deepEqual(kept?.body && [...kept.body], [...bytes]);
    const { contentType, contentEncoding, correlationId, type, headers } = kept?.properties ?? {};
    assert.deepEqual(
      { contentType, contentEncoding, correlationId, type },
      (({ headers: _headers, ...rest }) => rest)(FOREIGN),
    );
    assert.equal(headers?.["request-id"], "r-1");
    assert.deepEqual(await dead.discard({ ids: ["bytes"] }), { discarded: 1 });
    assert.deepEqual(
      (await dead.list()).map(({ id }) => id),
      ["text"],
    );
  });

  it("are in their queue again or still dead when the link is cut while they are retried", async () => {
    await using bench = adapter.open();
    await using proxy = await TCPProxy.open(adapter.url());
    const route = bench.route();
    bench.jobs(route, (_: unknown, ctx) => ctx.giveUp("no"));
    const worker = await bench.worker();
    const ids = Array.from({ length: 150 }, (_, index) => `id-${index}`);
    const direct = bench.client();
    await direct.sendMany(route, ids, { id: String });
    const dead = direct.deadLetters(route);
    await waitFor(async () => (await dead.count()) === ids.length, "the letters");
    // From here on jobs that were retried stay in their queue.
    await worker.stop();
    const url = new URL(adapter.url());
    url.host = `127.0.0.1:${proxy.port}`;
    const behind = bench.client({ settings: { url: url.href } }).deadLetters(route);
    for (const retried of [1, 60]) {
      const attempt = behind.retry().catch((error: unknown) => error);
      await waitFor(async () => (await bench.waiting(route)) >= retried, `${retried} jobs`);
      proxy.reset();
      await attempt;
      const queues = [jobQueueName(route), deadQueueName(jobQueueName(route))];
      const isBack = async (): Promise<boolean> =>
        missing(ids, (await Promise.all(queues.map((queue) => look(queue, adapter.url())))).flat())
          .length === 0;
      await waitFor(isBack, "every letter");
    }
    await dead.retry();
    const retried = await look(jobQueueName(route), adapter.url());
    assert.deepEqual(missing(ids, retried), []);
    assert.equal(await dead.count(), 0);
  });
});

/** The ids that no message has. */
function missing(ids: readonly string[], messages: readonly AMQPMessage[]): string[] {
  const there = new Set(messages.map(({ properties }) => properties.messageId));
  return ids.filter((id) => !there.has(id));
}
