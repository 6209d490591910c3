import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { RPCClient } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import { needsRabbitMQServer, PrivateBroker } from "../support/private_broker.ts";
import { waitFor } from "../support/wait_for.ts";

const LIMIT = 100_000;

describe("a broker that takes less than we would send", needsRabbitMQServer, () => {
  let broker: PrivateBroker;

  before(async () => {
    broker = await PrivateBroker.start({
      configuration: [`max_message_size = ${LIMIT}`, "frame_max = 8192"],
    });
  });
  after(() => broker[Symbol.asyncDispose]());

  for (const [what, text] of [
    ["of ASCII", "x".repeat(LIMIT)],
    ["of letters that take two bytes", "é".repeat(LIMIT / 2)],
  ] as const) {
    for (const retry of [false, true]) {
      it(`refuses a request ${what}: it rejects alone, retry: ${retry}, and is not sent again`, async () => {
        await using bench = new Bench(broker.settings, false);
        const waiting: (() => void)[] = [];
        bench.registry(bench.route("slow"), () => new Promise<void>((go) => waiting.push(go)));
        bench.registry(bench.route("echo"), (input: unknown) => input);
        await bench.worker();
        const client = bench.client();
        const losses: string[] = [];
        const innocent = client.call(bench.route("slow"), 1, { retry: true, timeout: 10_000 });
        await waitFor(() => waiting.length === 1, "the innocent call");
        client.onStatus(({ state }) => losses.push(state));
        const size = Buffer.byteLength(JSON.stringify(text));
        await assert.rejects(client.call(bench.route("echo"), text, { retry, timeout: 10_000 }), {
          code: "too_large",
          message: new RegExp(`at most ${LIMIT} bytes, and its input takes ${size}`),
        });
        await waitFor(() => client.status.state === "ready", "the client");
        // The limit is known now: others are refused before they are sent, and the link stands.
        for (let n = 0; n < 3; n++)
          await assert.rejects(client.call(bench.route("echo"), text, { retry }), {
            code: "too_large",
          });
        const fits = "x".repeat(LIMIT - 2);
        assert.equal(await client.call(bench.route("echo"), fits, { timeout: 10_000 }), fits);
        await waitFor(() => waiting.length === 2, "the innocent call again");
        for (const go of waiting) go();
        assert.equal(await innocent, null);
        assert.deepEqual(losses, ["waiting", "ready"]);
      });
    }
  }

  it("refuses headers longer than the frames agreed on: that call rejects alone", async () => {
    await using bench = new Bench(broker.settings, false);
    bench.registry(bench.route(), (_: unknown, ctx) => String(ctx.headers["x"]).length);
    await bench.worker();
    const client = bench.client();
    assert.equal(await client.call(bench.route(), 1, { headers: { x: "y".repeat(6_000) } }), 6_000);
    const states: string[] = [];
    client.onStatus(({ state }) => states.push(state));
    const [long, short] = await Promise.allSettled([
      client.call(bench.route(), 1, { headers: { x: "y".repeat(20_000) }, timeout: 5_000 }),
      client.call(bench.route(), 1, { headers: { x: "y" }, timeout: 5_000 }),
    ]);
    assert.ok(long.status === "rejected");
    assert.equal((long.reason as { code: string }).code, "invalid_headers");
    assert.match((long.reason as Error).message, /one frame of 8192 bytes/);
    assert.deepEqual(short, { status: "fulfilled", value: 1 });
    // Also one that was made before there was a link, and so before the frame was known.
    const early = new RPCClient({ settings: { ...broker.settings, name: "another link" } });
    const call = early.call(bench.route(), 1, { headers: { x: "y".repeat(20_000) } });
    await assert.rejects(call, { code: "invalid_headers" });
    await early.close();
    assert.deepEqual(states, []);
  });

  it('is told the virtual host "..", as it is', async () => {
    await broker.node.ctl("add_vhost", "..");
    await broker.node.ctl("set_permissions", "-p", "..", "guest", ".*", ".*", ".*");
    await using bench = new Bench({ ...broker.settings, vhost: ".." }, false);
    bench.registry(bench.route(), () => "here");
    await bench.worker();
    assert.equal(await bench.client().call(bench.route()), "here");
    const queues = await broker.node.ctl("-q", "list_queues", "-p", "..", "name");
    assert.match(queues, new RegExp(bench.route().replaceAll(".", "\\.")));
  });

  it("does not let in whoever has an empty password, as guest's", async () => {
    await using bench = new Bench({ ...broker.settings, password: "" }, false);
    await assert.rejects(bench.client().call(bench.route()), { code: "connection_refused" });
  });
});
