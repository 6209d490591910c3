import assert from "node:assert/strict";
import { it } from "node:test";

import { configure, reset } from "@logtape/logtape";
import type { StandardSchemaV1 } from "@standard-schema/spec";

import type { CallOptions, TaskOptions } from "../../mod.ts";
import { NotJSONError, RemoteError, TaskError, Worker } from "../../mod.ts";
import type { Bench } from "../support/adapters.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { waitFor } from "../support/wait_for.ts";

const bug = new Error("a bug");

function fail(reason: unknown = bug): never {
  throw reason;
}

/** A signal whose methods are the program's own. */
function signal(methods: object): AbortSignal {
  const own = {
    aborted: false,
    reason: undefined,
    throwIfAborted: () => {},
    addEventListener: () => {},
    removeEventListener: () => {},
  };
  return Object.defineProperties(own, Object.getOwnPropertyDescriptors(methods)) as never;
}

async function echo(bench: Bench): Promise<string> {
  const route = bench.route("echo");
  bench.registry(route, (input: unknown) => input);
  await bench.worker();
  return route;
}

onBothAdapters("what the caller's code throws", (adapter) => {
  const trap = { get: () => fail(), ownKeys: () => fail(), getPrototypeOf: () => fail() };
  const hostile = (): never => new Proxy({}, trap) as never;
  const options: readonly (readonly [what: string, options: () => CallOptions])[] = [
    ["a getter of the options", () => Object.defineProperty({}, "timeout", { get: fail })],
    ["a Proxy as options", hostile],
    [
      "a getter of a header",
      () => ({ headers: Object.defineProperty({}, "x", { enumerable: true, get: fail }) }),
    ],
    ["a Proxy as headers", () => ({ headers: hostile() })],
    ["throwIfAborted()", () => ({ signal: signal({ throwIfAborted: fail }) })],
    ["addEventListener()", () => ({ signal: signal({ addEventListener: () => fail() }) })],
    [
      "a signal's getter",
      () => ({
        signal: signal({
          get aborted() {
            return fail();
          },
        }),
      }),
    ],
  ];
  for (const [what, make] of options) {
    it(`${what}: rejects that call, and the next one works`, async () => {
      await using bench = adapter.open();
      const route = await echo(bench);
      const client = bench.client();
      assert.equal(await client.call(route, 1), 1);
      await assert.rejects(client.call(route, 2, make()), (error) => error === bug);
      assert.equal(await client.call(route, 3), 3);
      // Nothing of it is left that closing would wait for.
      await client.close();
    });
  }

  it("removeEventListener(): the reply arrives all the same", async () => {
    await using bench = adapter.open();
    const route = await echo(bench);
    const client = bench.client();
    const calls = [
      client.call(route, 1, { signal: signal({ removeEventListener: fail }), timeout: 5_000 }),
      client.call(route, 2, { timeout: 5_000 }),
    ];
    assert.deepEqual(await Promise.all(calls), [1, 2]);
  });

  it("the getter of a signal's reason: is what the call rejects with", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), () => new Promise(() => {}));
    await bench.worker();
    const client = bench.client();
    const target = new EventTarget();
    const own = {
      addEventListener: target.addEventListener.bind(target),
      removeEventListener: target.removeEventListener.bind(target),
      get reason() {
        return fail();
      },
    };
    const call = client.call(bench.route(), 1, { signal: signal(own), timeout: 5_000 });
    const rejected = assert.rejects(call, (error) => error === bug);
    target.dispatchEvent(new Event("abort"));
    await rejected;
  });

  it("an input's toJSON(): rejects with NotJSONError", async () => {
    await using bench = adapter.open();
    const route = await echo(bench);
    const client = bench.client();
    await assert.rejects(client.call(route, { toJSON: () => fail() }), NotJSONError);
    assert.equal(await client.call(route, 1), 1);
  });

  it("an input's toJSON() that aborts the signal or closes the client ends the call", async () => {
    await using bench = adapter.open();
    const route = await echo(bench);
    const client = bench.client();
    const controller = new AbortController();
    const aborts = { toJSON: () => (controller.abort(bug), 1) };
    const aborted = client.call(route, aborts, { signal: controller.signal });
    await assert.rejects(aborted, (error) => error === bug);
    const closes = { toJSON: () => (void client.close(), 1) };
    await assert.rejects(client.call(route, closes), { code: "closed" });
    await client.close();
    assert.equal(client.status.state, "closed");
  });

  it("a task whose route is a getter: rejects", async () => {
    await using bench = adapter.open();
    const task = Object.defineProperty({}, "route", { get: fail }) as { route: string };
    await assert.rejects(
      bench.client().call(task as never, undefined as never),
      (error) => error === bug,
    );
  });

  it("a listener of the status: nobody else notices", async () => {
    await using bench = adapter.open();
    const route = await echo(bench);
    const [one, other] = [bench.client(), bench.client()];
    one.onStatus(() => fail());
    const rejects: () => unknown = () => Promise.reject(bug);
    one.onStatus(rejects);
    const heard: string[] = [];
    one.onStatus(({ state }) => heard.push(state));
    assert.deepEqual(
      await Promise.all([one.call(route, 1, { timeout: 5_000 }), other.call(route, 2)]),
      [1, 2],
    );
    assert.equal(one.status.state, "ready");
    await waitFor(() => heard.includes("ready"), "the listener behind them");
  });

  it("what the log is configured with: the call goes on", async () => {
    await using bench = adapter.open();
    const route = await echo(bench);
    const client = bench.client();
    for (const place of ["sink", "filter"] as const) {
      await configure({
        reset: true,
        sinks: { own: place === "sink" ? () => fail() : () => {} },
        filters: { own: place === "filter" ? () => fail() : () => true },
        loggers: [
          { category: ["bgtasks"], sinks: ["own"], filters: ["own"], lowestLevel: "debug" },
          { category: ["logtape", "meta"], sinks: [] },
        ],
      });
      try {
        // Both write to the log: the listener's failure, and the handler's.
        const subscription = client.onStatus(() => fail());
        assert.equal(await client.call(route, place, { timeout: 5_000 }), place);
        subscription[Symbol.dispose]();
        const second = bench.client();
        second.onStatus(() => fail());
        assert.equal(await second.call(route, place, { timeout: 5_000 }), place);
        await second.close();
      } finally {
        await reset();
      }
    }
  });
});

onBothAdapters("what the worker's code throws", (adapter) => {
  const badSchema = (validate: () => never): StandardSchemaV1<unknown, unknown> => ({
    "~standard": { version: 1, vendor: "own", validate },
  });
  const thrown: readonly (readonly [what: string, thrown: () => unknown])[] = [
    ["nothing", () => undefined],
    ["a Proxy whose every trap throws", () => new Proxy({}, { getPrototypeOf: () => fail() })],
    [
      "a TaskError with a getter that throws",
      () => Object.defineProperty(new TaskError("x", "y"), "code", { get: fail }),
    ],
    [
      "a TaskError whose data throws a TaskError when written",
      () => new TaskError("x", "y", { toJSON: () => fail(new TaskError("z", "z", {})) }),
    ],
    [
      "an error whose message is a getter that throws",
      () => Object.defineProperty(new Error("x"), "message", { get: fail }),
    ],
  ];
  for (const [what, make] of thrown) {
    it(`${what}: is an answer, and the next call works`, async () => {
      await using bench = adapter.open();
      bench.registry(bench.route(), (input: unknown) => (input === "fail" ? fail(make()) : input));
      await bench.worker();
      const client = bench.client();
      await assert.rejects(client.call(bench.route(), "fail", { timeout: 5_000 }), (error) => {
        assert.ok(error instanceof RemoteError, String(error));
        return error.code === "internal" || error.code === "invalid_output";
      });
      assert.equal(await client.call(bench.route(), "next", { timeout: 5_000 }), "next");
    });
  }

  for (const [what, returned] of [
    ["a result's toJSON()", { toJSON: () => fail() }],
    // oxlint-disable-next-line unicorn/no-thenable -- a handler may return one
    ["a result's then()", Object.defineProperty({}, "then", { get: fail })],
    ["a result that is a Proxy", new Proxy({}, { get: () => fail(), ownKeys: () => fail() })],
  ] as const) {
    it(`${what}: is an answer, and the next call works`, async () => {
      await using bench = adapter.open();
      bench.registry(bench.route(), (input: unknown) => (input === "fail" ? returned : input));
      await bench.worker();
      const client = bench.client();
      const failed = client.call(bench.route(), "fail", { timeout: 5_000 });
      await assert.rejects(failed, RemoteError);
      assert.equal(await client.call(bench.route(), "next", { timeout: 5_000 }), "next");
    });
  }

  for (const place of ["input", "output"] as const) {
    it(`the schema of the ${place}: is an answer, and the next call works`, async () => {
      await using bench = adapter.open();
      const [bad, good] = [bench.route("bad"), bench.route("good")];
      const options = { [place]: badSchema(() => fail()) } as TaskOptions;
      bench.registry(bad, options, () => 1);
      bench.registry(good, () => 2);
      await bench.worker();
      const client = bench.client();
      await assert.rejects(client.call(bad, 1, { timeout: 5_000 }), { code: "internal" });
      assert.equal(await client.call(good, 1, { timeout: 5_000 }), 2);
    });
  }

  it("a listener of the worker's status: it serves all the same", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), (input: unknown) => input);
    const worker = new Worker({ registry: bench.registry, settings: bench.settings });
    bench.onDispose(() => worker.stop());
    worker.onStatus(() => fail());
    await worker.start();
    assert.equal(await bench.client().call(bench.route(), 1), 1);
    await worker.stop();
    assert.equal(worker.status.state, "closed");
  });
});

onBothAdapters("the code of a handler's TaskError", (adapter) => {
  for (const code of ["x", "é".repeat(127), "with\na line end"]) {
    it(`reaches the caller: ${code.length} letters`, async () => {
      await using bench = adapter.open();
      bench.registry(bench.route(), () => fail(new TaskError(code, "m", 1)));
      await bench.worker();
      await assert.rejects(bench.client().call(bench.route()), { name: "RemoteError", code });
    });
  }

  for (const [what, code] of [
    ["empty", ""],
    ["longer than a name", "é".repeat(128)],
    ["longer than a frame", "x".repeat(140_000)],
    ["a number", 404],
    ["undefined", undefined],
    ["null", null],
    ["an object", { code: 1 }],
  ] as const) {
    it(`that is ${what} is answered with invalid_output, and the worker stays`, async () => {
      await using bench = adapter.open();
      let runs = 0;
      bench.registry(bench.route("bad"), () => {
        runs++;
        return fail(new TaskError(code as string, "m"));
      });
      bench.registry(bench.route("good"), () => "good");
      await bench.worker();
      const client = bench.client();
      await assert.rejects(client.call(bench.route("bad"), 1, { timeout: 5_000 }), {
        name: "RemoteError",
        code: "invalid_output",
      });
      assert.equal(await client.call(bench.route("good"), 1, { timeout: 5_000 }), "good");
      assert.equal(runs, 1);
    });
  }

  it("may be invalid_input: a RemoteError with its message and data, as of any other code", async () => {
    await using bench = adapter.open();
    const rows = [{ toString: "hi" }];
    bench.registry(bench.route(), () => fail(new TaskError("invalid_input", "No rows.", rows)));
    await bench.worker();
    const call = bench.client().call(bench.route(), 1, { timeout: 5_000 });
    await assert.rejects(call, {
      name: "RemoteError",
      code: "invalid_input",
      message: "No rows.",
      data: rows,
    });
  });

  it("with data above maxMessageBytes is answered with too_large", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), () => fail(new TaskError("x", "y", "z".repeat(5_000))));
    await bench.worker({ settings: { maxMessageBytes: 4_000 } });
    await assert.rejects(bench.client().call(bench.route()), { code: "too_large" });
  });
});

onBothAdapters("the headers of a call", (adapter) => {
  it("are those of the moment it was made, and no handler can change them", async () => {
    await using bench = adapter.open();
    const seen: unknown[] = [];
    bench.registry(bench.route(), (_: unknown, ctx) => {
      const headers = ctx.headers as Record<string, unknown>;
      seen.push({ ...headers });
      headers["by"] = "handler";
      seen.push({ ...ctx.headers });
    });
    await bench.worker();
    const client = bench.client();
    const headers: Record<string, string> = { by: "caller" };
    const call = client.call(bench.route(), 1, { headers });
    headers["by"] = "caller, later";
    await call;
    assert.deepEqual(seen, [{ by: "caller" }, { by: "caller" }]);
    assert.deepEqual(headers, { by: "caller, later" });
  });

  it("are read once, so that a getter that changes its mind changes nothing", async () => {
    await using bench = adapter.open();
    bench.registry(bench.route(), (_: unknown, ctx) => ctx.headers);
    await bench.worker();
    let reads = 0;
    const headers = {
      get x() {
        return ++reads === 1 ? "short" : "x".repeat(300_000);
      },
    };
    const reply = await bench.client().call(bench.route(), 1, { headers, timeout: 5_000 });
    assert.deepEqual(reply, { x: "short" });
  });
});
