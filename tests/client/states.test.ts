import assert from "node:assert/strict";
import { afterEach, before, describe, it } from "node:test";

import { RPCClient } from "../../mod.ts";
import type { BgtasksError, LinkStatus } from "../../mod.ts";
import { FakeBroker } from "../support/fake_broker.ts";
import type { FakeBrokerOptions } from "../support/fake_broker.ts";
import { waitFor } from "../support/wait_for.ts";

/** How long a call may take, in milliseconds. */
const TIMEOUT = 300;

/** How long an attempt to connect may take. */
const CONNECT_TIMEOUT = 1_000;

/** How much later than it should each thing may be, on a busy machine. */
const PATIENCE = 1_000;

interface State {
  readonly state: LinkStatus["state"];
  readonly broker: FakeBrokerOptions;
  /** The code that a call made in this state rejects with; undefined when it is answered. */
  readonly call: string | undefined;
  /** How long closing may take, in milliseconds. */
  readonly close: number;
}

/** Stays out as long as the test: requests are not answered. */
const silent: FakeBrokerOptions["onPublish"] = () => true;

const STATES: readonly State[] = [
  { state: "idle", broker: {}, call: undefined, close: 0 },
  {
    state: "connecting",
    // Takes the connection and says nothing.
    broker: { onHello: () => true },
    call: "timeout",
    close: CONNECT_TIMEOUT,
  },
  {
    state: "waiting",
    broker: { onHello: (link) => (link.socket.destroy(), true) },
    call: "timeout",
    close: 0,
  },
  {
    state: "refused",
    broker: {
      onMethod({ name }, link) {
        if (name === "connection.start-ok") link.closeConnection(403, "ACCESS_REFUSED");
        return name === "connection.start-ok";
      },
    },
    call: "connection_refused",
    close: 0,
  },
  {
    state: "blocked",
    broker: {
      onMethod({ name }, link) {
        if (name === "channel.open") link.block("low on memory");
      },
    },
    call: "timeout",
    close: 0,
  },
  { state: "ready", broker: {}, call: undefined, close: 0 },
  { state: "closed", broker: {}, call: "closed", close: 0 },
];

describe("a client settles everything in every state", () => {
  const used: AsyncDisposable[] = [];

  // The client before its broker.
  afterEach(async () => {
    for (const one of used.splice(0).reverse()) await one[Symbol.asyncDispose]();
  });

  // The transport is loaded when it is first needed, which takes a while where sources are compiled.
  before(async () => {
    await using broker = await FakeBroker.open();
    await using client = new RPCClient({ settings: { url: broker.url, environment: "" } });
    client.call("first", 1, { timeout: 20_000 }).catch(() => {});
    await waitFor(() => client.status.state === "ready", "the first connection");
  });

  for (const { state, broker: options, call, close } of STATES) {
    const open = async (): Promise<RPCClient> => {
      const broker = await FakeBroker.open({
        onPublish: (request, link) => (link.reply(request, '"answered"'), true),
        ...options,
      });
      const client = new RPCClient({
        settings: {
          url: broker.url,
          environment: "",
          connectTimeout: CONNECT_TIMEOUT,
          reconnect: { initial: 100_000, max: 100_000 },
          // No two clients share a link.
          name: crypto.randomUUID(),
        },
      });
      used.push(broker, client);
      // The first pause is random from 0 on: there are attempts until it is a long one.
      if (state === "closed") await client.close();
      else if (state !== "idle") client.call("first", 1, { timeout: 20_000 }).catch(() => {});
      await waitFor(() => client.status.state === state, `the state ${state}`);
      return client;
    };

    it(`${state}: a call`, async () => {
      const client = await open();
      const begin = performance.now();
      const [settled] = await Promise.allSettled([client.call("route", 1, { timeout: TIMEOUT })]);
      const took = performance.now() - begin;
      if (settled.status === "fulfilled") assert.equal(call, undefined);
      else assert.equal((settled.reason as BgtasksError).code, call);
      assert.ok(took < TIMEOUT + PATIENCE, `took ${took} ms`);
    });

    it(`${state}: close()`, async () => {
      const client = await open();
      const changes = client.statusChanges();
      const begin = performance.now();
      await client.close();
      const took = performance.now() - begin;
      assert.ok(took < close + PATIENCE, `took ${took} ms`);
      assert.equal(client.status.state, "closed");
      // A second time, and whatever is asked of it after.
      await client.close();
      await assert.rejects(client.call("route"), { code: "closed" });
      let last: string | undefined;
      for await (const status of changes) last = status.state;
      assert.equal(last, state === "closed" ? undefined : "closed");
    });

    it(`${state}: statusChanges() ends by return() and by its signal`, async () => {
      const client = await open();
      const controller = new AbortController();
      const returned = client.statusChanges()[Symbol.asyncIterator]();
      const aborted = client.statusChanges({ signal: controller.signal })[Symbol.asyncIterator]();
      const waiting = [returned.next(), aborted.next()];
      await returned.return?.();
      controller.abort();
      for (const result of await Promise.all(waiting)) assert.equal(result.done, true);
    });
  }

  it("with a call that is out: close() waits for its deadline, and no longer", async () => {
    await using broker = await FakeBroker.open({ onPublish: silent });
    const client = new RPCClient({ settings: { url: broker.url, environment: "" } });
    const timedOut = assert.rejects(client.call("route", 1, { timeout: TIMEOUT }), {
      code: "timeout",
    });
    await waitFor(() => broker.count("basic.publish") === 1, "the request");
    const begin = performance.now();
    await client.close();
    await timedOut;
    assert.ok(performance.now() - begin < TIMEOUT + PATIENCE);
  });
});
