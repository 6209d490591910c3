import assert from "node:assert/strict";
import { it } from "node:test";

import * as v from "valibot";

import type { RPCClient } from "../../mod.ts";
import type { Adapter, Bench } from "../support/adapters.ts";
import { onBothAdapters } from "../support/adapters.ts";
import type { SeenMessage } from "../support/raw_links.ts";
import { RawCaller, RawWorker } from "../support/raw_links.ts";
import { waitFor } from "../support/wait_for.ts";

const KiB = 1_024;
/** A frame of one item that takes 64 KiB. */
const FRAME = JSON.stringify(["x".repeat(64 * KiB - '[""]'.length)]);
/** After half a window it is twice as large, and so is the next one. After that it stays. */
const GROWING = [(128 + 512) * KiB, (384 + 1_024) * KiB, (896 + 1_024) * KiB];

function creditsOf(messages: readonly SeenMessage[]): unknown[] {
  return messages.filter(({ type }) => type === "bgtasks.credit").map(({ body }) => body);
}

/** Sends a client's stream frames as its worker, each when the one before has been taken. @returns the credits */
async function readOneByOne(
  adapter: Adapter,
  bench: Bench,
  client: RPCClient,
  window?: number,
): Promise<unknown[]> {
  const route = bench.route(`of ${window}`);
  const worker = await RawWorker.open(adapter, bench, route);
  const stream = client.stream(route, null, { window });
  const request = await worker.request();
  assert.equal(request.seen.headers["bgtasks-window"], window ?? 256 * KiB);
  for (let n = 0; n < 14; n++) {
    request.say("bgtasks.items", FRAME, { id: String(n) });
    assert.equal((await stream.next()).done, false);
  }
  await stream.return();
  await worker.word("bgtasks.cancel");
  request.delivery.ack();
  return creditsOf(worker.words);
}

onBothAdapters("the window of a reader that keeps up", (adapter) => {
  it("grows", async () => {
    await using bench = adapter.open();
    assert.deepEqual(await readOneByOne(adapter, bench, bench.client()), GROWING);
  });

  it("stays when the reader has chosen it", async () => {
    await using bench = adapter.open();
    const credits = await readOneByOne(adapter, bench, bench.client(), 256 * KiB);
    assert.deepEqual(
      credits,
      [2, 4, 6, 8, 10, 12, 14].map((frames) => (frames * 64 + 256) * KiB),
    );
  });

  it("grows for a handler, too", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    let taken = 0;
    bench.registry(route, { receives: v.string() }, async (_input: unknown, ctx) => {
      for await (const _ of ctx.incoming) taken++;
    });
    await bench.worker();
    const caller = await RawCaller.open(adapter, bench);
    caller.send({ route, type: "bgtasks.upload", correlationId: "a" });
    const { replyTo: to = "" } = await caller.reply("bgtasks.credit");
    for (let n = 0; n < 14; n++) {
      caller.say({ to, type: "bgtasks.items", id: String(n), correlationId: "a", body: FRAME });
      await waitFor(() => taken === n + 1, `item ${n}`);
    }
    caller.say({ to, type: "bgtasks.end", id: "14", correlationId: "a", body: "null" });
    await caller.reply(undefined);
    assert.deepEqual(creditsOf(caller.replies), [256 * KiB, ...GROWING]);
  });
});
