import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import type { DeadLetters, JobClient } from "../../mod.ts";
import { openTransportForJobs } from "../../src/job_composition.ts";
import { enterLadder, ladderTopology } from "../../src/jobs/delay_ladder.ts";
import { jobQueueName } from "../../src/jobs/job_queues.ts";
import { resolveSettings } from "../../src/settings/settings.ts";
import { onBothJobAdapters } from "../support/job_bench.ts";
import { waitFor } from "../support/wait_for.ts";

/** Waits until there are so many letters. */
async function hasLetters(dead: DeadLetters, count: number): Promise<void> {
  await waitFor(async () => (await dead.count()) === count, `${count} dead letters`);
}

async function idsOf(dead: DeadLetters): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of dead) ids.push(id);
  return ids;
}

/** Sends one after the other: the order of what is sent at once is nobody's promise. */
async function sendAll(client: JobClient, route: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) await client.send(route, { id }, { id });
}

onBothJobAdapters("dead letters", (adapter) => {
  it("tell why a job failed, what it was and when", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const retry = { attempts: 2, delay: 0 };
    bench.jobs(route, { input: v.object({ n: v.number() }), retry }, ({ n }, ctx) => {
      if (n === 0) ctx.giveUp("nothing to do");
      throw Object.assign(new TypeError("cannot do it"), { code: "E_DO" });
    });
    await bench.worker();
    const client = bench.client();
    const before = Date.now();
    const headers = { "request-id": "r-1" };
    const dead = client.deadLetters(route);
    await client.send(route, { n: 1 }, { id: "failed", headers });
    await hasLetters(dead, 1);
    await client.send(route, { n: 0 }, { id: "given-up" });
    await hasLetters(dead, 2);
    await client.send(route, { n: "0" }, { id: "invalid" });
    await hasLetters(dead, 3);
    const letters = await dead.list();
    const queue = jobQueueName(route);
    assert.deepEqual(
      letters.map(({ id, reason, attempts, body, text, byteLength, queue }) => {
        return { id, reason, attempts, body, text, byteLength, queue };
      }),
      [
        { id: "failed", reason: "attempts", attempts: 2, body: { n: 1 }, text: '{"n":1}' },
        { id: "given-up", reason: "given_up", attempts: 1, body: { n: 0 }, text: '{"n":0}' },
        { id: "invalid", reason: "invalid", attempts: 1, body: { n: "0" }, text: '{"n":"0"}' },
      ].map((letter) => ({ ...letter, byteLength: letter.text.length, queue })),
    );
    const [failed, givenUp, invalid] = letters;
    const { at = 0, ...error } = failed?.error ?? {};
    assert.deepEqual(error, {
      name: "TypeError",
      code: "E_DO",
      message: "cannot do it",
      worker: "bgtasks",
    });
    assert.match(failed?.stack ?? "", /TypeError: cannot do it\n\s+at .*dead_letters\.test/);
    assert.deepEqual(failed?.headers, headers);
    assert.equal(givenUp?.error?.message, "nothing to do");
    assert.equal(invalid?.error?.name, "ValidationError");
    for (const time of [at, failed?.deadAt ?? 0, failed?.firstSentAt ?? 0])
      assert.ok(Math.abs(time - before) < 10_000, `${time} is not about ${before}`);
    await dead.discard();
  });

  it("stay as they are and in their order, however often somebody looks", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.jobs(route, (_: unknown, ctx) => ctx.giveUp("no"));
    await bench.worker({ concurrency: 1 });
    const client = bench.client();
    const ids = Array.from({ length: 130 }, (_, index) => `id-${index}`);
    await sendAll(client, route, ids);
    const dead = client.deadLetters(route);
    await hasLetters(dead, ids.length);
    assert.deepEqual(
      (await dead.list({ limit: 3 })).map(({ id }) => id),
      ["id-0", "id-1", "id-2"],
    );
    for (let look = 0; look < 4; look++) assert.deepEqual(await idsOf(dead), ids);
    assert.deepEqual(await dead.discard({ ids: ["id-7", "id-120", "absent"] }), { discarded: 2 });
    const rest = ids.filter((id) => id !== "id-7" && id !== "id-120");
    assert.deepEqual(await idsOf(dead), rest);
    assert.deepEqual(await dead.discard({ limit: 2 }), { discarded: 2 });
    assert.deepEqual(await idsOf(dead), rest.slice(2));
    assert.deepEqual(await dead.discard(), { discarded: rest.length - 2 });
    assert.equal(await dead.count(), 0);
  });

  it("can be retried while a program iterates over them", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const done: string[] = [];
    let isMended = false;
    bench.jobs(route, (_: unknown, ctx) => {
      if (!isMended) ctx.giveUp("broken");
      done.push(ctx.id);
    });
    await bench.worker({ concurrency: 1 });
    const client = bench.client();
    await sendAll(client, route, ["a", "b", "c"]);
    const dead = client.deadLetters(route);
    await hasLetters(dead, 3);
    isMended = true;
    for await (const { id } of dead) {
      if (id === "b") assert.deepEqual(await dead.retry({ ids: [id] }), { retried: 1, left: 0 });
      else assert.deepEqual(await dead.discard({ ids: [id] }), { discarded: 1 });
    }
    await waitFor(() => done.length > 0, "the job");
    assert.deepEqual(done, ["b"]);
    assert.equal(await dead.count(), 0);
  });

  it("begin anew when they are retried, with id, age, error and headers", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const seen: unknown[] = [];
    let isMended = false;
    const retry = { attempts: 2, delay: 0 };
    bench.jobs(route, { retry }, (input: unknown, ctx) => {
      if (!isMended) throw new Error("broken");
      const { id, attempt, attempts, lastError, firstSentAt, headers } = ctx;
      seen.push({ input, id, attempt, attempts, error: lastError?.message });
      seen.push(firstSentAt, headers["request-id"]);
    });
    await bench.worker();
    const client = bench.client();
    await client.send(route, "é", { id: "one", headers: { "request-id": 7 } });
    const dead = client.deadLetters(route);
    await hasLetters(dead, 1);
    const [letter] = await dead.list();
    isMended = true;
    assert.deepEqual(await dead.retry(), { retried: 1, left: 0 });
    await waitFor(() => seen.length === 3, "the job");
    assert.deepEqual(seen, [
      { input: "é", id: "one", attempt: 1, attempts: 2, error: "broken" },
      letter?.firstSentAt,
      7,
    ]);
    assert.equal(await dead.count(), 0);
  });

  it("keep every character of their input when they are retried", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.jobs(route, () => {});
    await bench.worker();
    const transport = await openTransportForJobs(resolveSettings(bench.settings));
    const publisher = transport.openPublisher({ onStatus() {} });
    bench.onDispose(() => publisher.close());
    const message = { type: undefined, contentType: "application/json", headers: {} };
    const client = bench.client();
    const dead = client.deadLetters(route);
    const bodies = ["{not JSON", "\ufeffthe end \u{1f600}"];
    for (const [index, body] of bodies.entries()) {
      const published = await publisher.publish(
        { ...message, id: `id-${index}`, body },
        { key: jobQueueName(route) },
        performance.now() + 10_000,
      );
      assert.equal(published, "stored");
      await hasLetters(dead, index + 1);
    }
    const lengths = async (): Promise<unknown> =>
      (await dead.list()).map(({ id, reason, byteLength }) => [id, reason, byteLength]);
    const before = await lengths();
    assert.deepEqual(before, [
      ["id-0", "unreadable", 9],
      ["id-1", "unreadable", 15],
    ]);
    assert.deepEqual(await dead.retry({ ids: ["id-0"] }), { retried: 1, left: 0 });
    await hasLetters(dead, 2);
    assert.deepEqual(await dead.retry({ ids: ["id-1"] }), { retried: 1, left: 0 });
    await hasLetters(dead, 2);
    assert.deepEqual(await lengths(), before);
    await dead.discard();
  });

  it("are retried once each, though they come back at once", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let runs = 0;
    bench.jobs(route, (_: unknown, ctx) => {
      runs++;
      ctx.giveUp("never");
    });
    await bench.worker();
    const client = bench.client();
    const ids = Array.from({ length: 250 }, (_, index) => `id-${index}`);
    await client.sendMany(route, ids, { id: String });
    const dead = client.deadLetters(route);
    await hasLetters(dead, ids.length);
    assert.deepEqual(await dead.retry(), { retried: ids.length, left: 0 });
    await hasLetters(dead, ids.length);
    assert.equal(runs, 2 * ids.length);
    assert.deepEqual(await dead.retry({ limit: 120 }), { retried: 120, left: 0 });
    await hasLetters(dead, ids.length);
    assert.equal(runs, 2 * ids.length + 120);
    assert.deepEqual((await idsOf(dead)).sort(), ids.sort());
    await dead.discard();
  });

  it("are none where no worker has ever offered the job", async () => {
    await using bench = adapter.open();
    const client = bench.client();
    const dead = client.deadLetters(bench.route());
    assert.equal(await dead.count(), 0);
    assert.deepEqual(await dead.list(), []);
    assert.deepEqual(await dead.retry(), { retried: 0, left: 0 });
    assert.deepEqual(await dead.discard(), { discarded: 0 });
  });

  it("of jobs whose queue was gone are together, and are retried once it is there", async () => {
    await using bench = adapter.open();
    const [gone, other] = [bench.route("gone"), bench.route("other")];
    const transport = await openTransportForJobs(resolveSettings(bench.settings));
    const publisher = transport.openPublisher({ onStatus() {} });
    bench.onDispose(() => publisher.close());
    const publish = (route: string, key?: string): Promise<string> => {
      const entry = enterLadder(jobQueueName(route), 64);
      return publisher.publish(
        { id: route, type: undefined, contentType: "application/json", body: "1", headers: {} },
        {
          exchange: entry.exchange,
          key: key ?? entry.routingKey,
          topology: ladderTopology(),
        },
        performance.now() + 10_000,
      );
    };
    const client = bench.client();
    const dead = client.deadLetters();
    assert.equal(await publish(gone), "stored");
    await hasLetters(dead, 1);
    assert.equal(await publish(other), "stored");
    await hasLetters(dead, 2);
    assert.equal(await publish("strange", "no.key.of.ours"), "stored");
    await hasLetters(dead, 3);
    assert.deepEqual(
      (await dead.list()).map(({ id, reason, queue }) => [id, reason, queue]),
      [
        [gone, "unrouted", jobQueueName(gone)],
        [other, "unrouted", jobQueueName(other)],
        ["strange", "unrouted", undefined],
      ],
    );
    assert.deepEqual(await dead.retry({ ids: [gone] }), { retried: 0, left: 1 });
    const done: string[] = [];
    bench.jobs(gone, (_: unknown, ctx) => void done.push(ctx.id));
    await bench.worker();
    assert.deepEqual(await dead.retry(), { retried: 1, left: 2 });
    await waitFor(() => done.length > 0, "the job");
    assert.deepEqual(done, [gone]);
    assert.deepEqual(await idsOf(dead), [other, "strange"]);
    assert.deepEqual(await dead.discard(), { discarded: 2 });
  });

  it("are not touched by a choice that is wrong", async () => {
    await using bench = adapter.open();
    const client = bench.client();
    const dead = client.deadLetters(bench.route());
    for (const [choice, why] of [
      [{ id: "a" }, /id is not an option; did you mean ids\?/],
      [{ ids: "a" }, /ids must be a list of texts/],
      [{ ids: [1] }, /ids must be a list of texts/],
      [{ ids: undefined }, /ids is undefined: leave it out to take all/],
      [{ limit: 0 }, /limit must be a whole number from 1 on/],
      [{ limit: "1" }, /limit must be a whole number from 1 on/],
      [null, /options must be an object/],
    ] as const) {
      for (const work of ["retry", "discard"] as const) {
        const refused = { code: "invalid_options", message: why };
        await assert.rejects(dead[work](choice as object), refused, JSON.stringify(choice));
      }
    }
    assert.throws(() => client.deadLetters(""), { code: "invalid_route" });
    await client.close();
    await assert.rejects(dead.count(), { code: "closed" });
    await assert.rejects(idsOf(dead), { code: "closed" });
  });
});
