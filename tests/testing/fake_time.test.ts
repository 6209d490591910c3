// oxlint-disable no-unused-vars -- what `using` declares is used when it is disposed
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, beforeEach, describe, it } from "node:test";

import type { FakeTime } from "../../mod.ts";
import {
  fakeTime,
  injectFault,
  recordCalls,
  RemoteError,
  RPCClient,
  RPCTimeoutError,
  rpcTasks,
} from "../../mod.ts";

const HOUR = 3_600_000;

describe("fakeTime()", () => {
  // One client for all: its table of deadlines sees time become fake and real again.
  const client = new RPCClient({ settings: { environment: "test" } });
  let time: FakeTime;
  beforeEach(() => (time = fakeTime()));
  afterEach(() => {
    time[Symbol.dispose]();
    rpcTasks.clear();
  });
  after(() => client.close());

  /** Never answers; tells whether its signal has aborted. */
  function offerSilence(): { aborted: boolean } {
    const seen = { aborted: false };
    rpcTasks("silence", (_input, { signal }) => {
      signal.addEventListener("abort", () => (seen.aborted = true));
      return new Promise(() => {});
    });
    return seen;
  }

  it("lets a call run into its timeout when the test says so, and not before", async () => {
    const seen = offerSilence();
    let settled = false;
    const call = client.call("silence", null, { timeout: HOUR }).finally(() => (settled = true));
    const rejected = assert.rejects(call, (error: RPCTimeoutError) => error.consumers === 1);
    await time.advance(HOUR - 1);
    assert.deepEqual({ settled, ...seen }, { settled: false, aborted: false });
    await time.advance(1);
    assert.deepEqual({ settled, ...seen }, { settled: true, aborted: true });
    await rejected;
  });

  it("leaves a client whose calls time out, in real time and in fake time, whatever came before", async () => {
    offerSilence();
    rpcTasks("echo", (input) => input);
    for (let round = 0; round < 3; round++) {
      // A call that is answered leaves a timer behind, of the clock that there was, for a moment before the next deadline.
      assert.equal(await client.call("echo", round, { timeout: 10 }), round);
      time[Symbol.dispose]();
      await assert.rejects(client.call("silence", null, { timeout: 30 }), RPCTimeoutError);
      assert.equal(await client.call("echo", round, { timeout: 1_000 }), round);
      time = fakeTime();
      await Promise.all([
        assert.rejects(client.call("silence", null, { timeout: HOUR }), RPCTimeoutError),
        time.advance(HOUR),
      ]);
    }
  });

  it("drives a handler's own timers, its task's timeout and its deadline", async () => {
    const began = Date.now();
    let deadline: number | undefined;
    rpcTasks("slow", { timeout: 2_000 }, (wait: number, ctx) => {
      deadline = ctx.deadline;
      return new Promise((resolve) => setTimeout(resolve, wait, "done"));
    });
    const quick = client.call("slow", 1_999, { timeout: HOUR });
    const late = assert.rejects(
      client.call("slow", 2_001),
      (error) => error instanceof RemoteError && error.code === "handler_timeout",
    );
    await time.advance(2_000);
    assert.equal(await quick, "done");
    await late;
    assert.ok(deadline !== undefined && Math.abs(deadline - began - 60_000) <= 1, `${deadline}`);
  });

  it("holds up the delay of a fault, in the order of time", async () => {
    rpcTasks("name", (n) => n);
    using slow = injectFault("name", { delay: 5_000, times: 1 });
    const order: unknown[] = [];
    const calls = [1, 2].map(async (n) => order.push(await client.call("name", n)));
    await time.advance(4_999);
    assert.deepEqual(order, [2]);
    await time.advance(1);
    await Promise.all(calls);
    assert.deepEqual(order, [2, 1]);
  });

  it("drops requests that waited in the queue longer than their caller", async () => {
    const ran: unknown[] = [];
    rpcTasks("one.at.a.time", { concurrency: 1 }, async (n) => {
      ran.push(n);
      await new Promise((resolve) => setTimeout(resolve, HOUR));
    });
    const first = client.call("one.at.a.time", 1, { timeout: 2 * HOUR });
    const second = assert.rejects(
      client.call("one.at.a.time", 2, { timeout: 10 }),
      RPCTimeoutError,
    );
    await time.advance(2 * HOUR);
    await Promise.all([first, second]);
    assert.deepEqual(ran, [1]);
  });

  it("fires timers in order, repeats intervals, and heeds what clears them", async () => {
    const fired: string[] = [];
    const note = (what: string) => fired.push(`${what} ${time.elapsed}`);
    setTimeout(note, 30, "late");
    setTimeout(note, 10, "early");
    setTimeout(() => void Promise.resolve().then(() => setTimeout(note, 5, "nested")), 10);
    clearTimeout(setTimeout(note, 1, "never"));
    const interval = setInterval(() => {
      note("again");
      if (time.elapsed >= 24) clearInterval(interval);
    }, 12);
    await time.advance(100);
    assert.deepEqual(fired, ["early 10", "again 12", "nested 15", "again 24", "late 30"]);
    assert.equal(time.elapsed, 100);
  });

  it("clears timers that were set while time was real, and knows what timers of runtimes know", async () => {
    time[Symbol.dispose]();
    const fired: string[] = [];
    const real = setTimeout(() => fired.push("real"), 1);
    time = fakeTime();
    clearTimeout(real);
    const timer = setTimeout(() => fired.push("refreshed"), 10);
    await time.advance(6);
    // Deno's timers are numbers, but never while time is fake.
    (timer as unknown as { refresh(): void }).refresh();
    await time.advance(6);
    assert.deepEqual(fired, []);
    await time.advance(4);
    time[Symbol.dispose]();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(fired, ["refreshed"]);
  });

  it("does not hinder what waits for no timer, such as fetch()", async () => {
    time[Symbol.dispose]();
    const server = createServer((_request, response) => response.end("hello"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const get = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
    try {
      assert.equal(await get(), "hello");
      time = fakeTime();
      assert.equal(await get(), "hello");
      const late = get();
      await time.advance(5_000);
      assert.equal(await late, "hello");
      time[Symbol.dispose]();
      assert.equal(await get(), "hello");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("moves clocks and AbortSignal.timeout() along", async () => {
    const [date, monotonic] = [Date.now(), performance.now()];
    const signal = AbortSignal.timeout(1_000);
    await time.advance(999);
    assert.equal(signal.aborted, false);
    await time.advance(1);
    assert.equal(signal.reason.name, "TimeoutError");
    assert.equal(Date.now() - date, 1_000);
    assert.equal(new Date().getTime(), Date.now());
    assert.equal(new Date(5).getTime(), 5);
    assert.ok(new Date() instanceof Date);
    assert.equal(performance.now() - monotonic, 1_000);
  });

  it("gives everything back", async () => {
    time[Symbol.dispose]();
    const globals = () => [
      ...[setTimeout, clearTimeout, setInterval, clearInterval, Date],
      ...[Reflect.get(performance, "now"), Reflect.get(AbortSignal, "timeout")],
    ];
    const before = globals();
    time = fakeTime();
    assert.ok(globals().every((value, index) => value !== before[index]));
    time[Symbol.dispose]();
    assert.deepEqual(globals(), before);
    await new Promise((resolve) => setTimeout(resolve, 1));
  });

  it("does not make a recorder wait for ever for a call that is not made", async () => {
    using recorder = recordCalls();
    await assert.rejects(recorder.waitFor("nothing", { timeout: 5 }), { code: "not_called" });
  });

  it("refuses to be called twice, and to go back", async () => {
    assert.throws(fakeTime, { code: "invalid_fake_time" });
    for (const wrong of [-1, NaN, Infinity])
      await assert.rejects(time.advance(wrong), { code: "invalid_fake_time" });
  });

  it("rejects with what a timer throws", async () => {
    setTimeout(() => {
      throw new Error("on purpose");
    }, 5);
    await assert.rejects(time.advance(10), /on purpose/);
  });
});
