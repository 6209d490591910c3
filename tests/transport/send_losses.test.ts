import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import type { RPCTask } from "../../mod.ts";
import { ConnectionLostError } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import { brokerURL, needsBroker } from "../support/broker.ts";
import { TCPProxy } from "../support/tcp_proxy.ts";
import { waitFor } from "../support/wait_for.ts";

const direct = { url: brokerURL, environment: "", reconnect: { initial: 5, max: 50 } };

/** What became of a source and of the loop that reads it. */
interface Seen {
  sent: number;
  sourceEnded: number;
  begun: number;
  read: number;
  error: unknown;
}

/** Sends a number every few milliseconds to a task that reads them. */
function setUp(bench: Bench): { seen: Seen; task: RPCTask; items: AsyncGenerator<number> } {
  const seen: Seen = { sent: 0, sourceEnded: 0, begun: 0, read: 0, error: undefined };
  const task = bench.registry(bench.route(), { receives: v.number() }, async (_: unknown, ctx) => {
    seen.begun++;
    try {
      for await (const n of ctx.incoming) seen.read = n;
    } catch (error) {
      seen.error = error;
      throw error;
    }
  });
  const items = (async function* () {
    try {
      for (;;) {
        yield ++seen.sent;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    } finally {
      seen.sourceEnded++;
    }
  })();
  return { seen, task, items };
}

describe("items that are sent, when a link is lost", needsBroker, () => {
  it("at the caller: it rejects at once, its source ends, and the handler's loop when it is back", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const { seen, task, items } = setUp(bench);
    const worker = await bench.worker();
    const client = bench.client({ settings: { host: "127.0.0.1", port: proxy.port } });
    const call = client.call(task, null, { send: items, timeout: 30_000 });
    const rejected = assert.rejects(call, ConnectionLostError);
    await waitFor(() => seen.read > 3, "items");
    proxy.reset();
    await rejected;
    await waitFor(() => seen.sourceEnded === 1, "the source's end", 1_000);
    await waitFor(() => worker.running === 0, "the handler's end", 2_000);
    assert.match(String(seen.error), /AbortError: The caller has given the request up/);
  });

  it("at the worker: the handler's loop ends at once, nobody runs it again, and the call rejects", async () => {
    await using bench = new Bench(direct, true);
    await using proxy = await TCPProxy.open(brokerURL ?? "");
    const { seen, task, items } = setUp(bench);
    await bench.worker({ settings: { host: "127.0.0.1", port: proxy.port } });
    const call = bench.client().call(task, null, { send: items, timeout: 30_000 });
    const rejected = assert.rejects(call, ConnectionLostError);
    await waitFor(() => seen.read > 3, "items");
    proxy.reset();
    await waitFor(() => seen.error !== undefined, "the end of the loop", 1_000);
    assert.match(String(seen.error), /AbortError: The link is gone/);
    await rejected;
    await waitFor(() => seen.sourceEnded === 1, "the source's end", 1_000);
    assert.equal(seen.begun, 1);
  });
});
