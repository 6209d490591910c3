import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Adapter } from "../support/adapters.ts";
import { Bench } from "../support/adapters.ts";
import { RawWorker } from "../support/raw_links.ts";

const settings = { environment: "test" };
const loopback: Adapter = { name: "loopback", settings, open: () => new Bench(settings, false) };

/** More than any list of them would have. */
const MANY = 10_001;

describe("streams that were left before any worker began", () => {
  it("are cancelled when one begins, however many they are", async () => {
    await using bench = loopback.open();
    const route = bench.route();
    const worker = await RawWorker.open(loopback, bench, route);
    const client = bench.client();
    const streams = Array.from({ length: MANY }, () => client.stream(route));
    await worker.request();
    for (const stream of streams) await stream.return();
    const request = await worker.request();
    request.say("bgtasks.open", null);
    const { correlationId } = await worker.word("bgtasks.cancel");
    assert.equal(correlationId, request.seen.correlationId);
    request.delivery.ack();
  });
});
