import assert from "node:assert/strict";
import { afterEach, it, mock } from "node:test";

import type { LogRecord } from "@logtape/logtape";
import { configure, reset } from "@logtape/logtape";
import * as v from "valibot";

import { RemoteError, TaskError } from "../../mod.ts";
import type { Adapter } from "../support/adapters.ts";
import { onBothAdapters } from "../support/adapters.ts";
import { waitFor } from "../support/wait_for.ts";

const failure = new TypeError("the database exploded");

async function failedCall(adapter: Adapter, handler: () => unknown): Promise<RemoteError> {
  await using bench = adapter.open();
  const output = v.object({ id: v.pipe(v.string(), v.transform(Number)) });
  bench.registry(bench.route(), { output }, handler as () => never);
  await bench.worker();
  const error: unknown = await bench
    .client()
    .call(bench.route())
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof RemoteError);
  return error;
}

const failing: readonly (readonly [what: string, handler: () => unknown, cause: RegExp])[] = [
  ["throws", () => Promise.reject(failure), /^TypeError: the database exploded$/],
  ["returns what its schema refuses", () => ({ id: 7 }), /result:\n {2}- id: .*Expected string/],
  ["returns what is not JSON", () => ({ id: "x" }), /Cannot write id as JSON as it is NaN/],
];

onBothAdapters("a handler that fails", (adapter) => {
  const isLoopback = adapter.name === "loopback";
  afterEach(async () => {
    mock.restoreAll();
    await reset();
  });

  for (const [what, handler, expected] of failing) {
    it(`and ${what} is seen without any set-up, ${isLoopback ? "at its caller" : "on standard error"}`, async () => {
      const printed = mock.method(console, "error", () => {});
      const error = await failedCall(adapter, handler);
      if (isLoopback) {
        assert.match(String(error.cause), expected);
        assert.equal(printed.mock.callCount(), 0);
      } else {
        assert.equal(error.cause, undefined);
        assert.equal(printed.mock.callCount(), 1);
        const [text, thrown] = printed.mock.calls[0]?.arguments ?? [];
        assert.match(
          String(text),
          new RegExp(`^bgtasks: .*error ${(error.data as { id: string }).id}:$`),
        );
        assert.match(String(thrown), expected);
      }
      assert.doesNotMatch(JSON.stringify(error), /exploded/);
    });
  }

  it("is told to the log alone where one takes errors", async () => {
    const printed = mock.method(console, "error", () => {});
    const records: LogRecord[] = [];
    await configure({
      sinks: { memory: (record) => void records.push(record) },
      loggers: [
        { category: "bgtasks", sinks: ["memory"], lowestLevel: "error" },
        { category: ["logtape", "meta"], sinks: [] },
      ],
    });
    const error = await failedCall(adapter, () => {
      throw failure;
    });
    assert.equal(printed.mock.callCount(), 0);
    assert.equal(records.length, 1);
    assert.equal(records[0]?.properties["error"], failure);
    assert.equal(records[0].properties["id"], (error.data as { id: string }).id);
  });

  it("is a record at level debug, as each request is", async () => {
    const records: LogRecord[] = [];
    await configure({
      sinks: { memory: (record) => void records.push(record) },
      loggers: [
        { category: "bgtasks", sinks: ["memory"], lowestLevel: "debug" },
        { category: ["logtape", "meta"], sinks: [] },
      ],
    });
    await using bench = adapter.open();
    bench.registry(bench.route(), { input: v.picklist(["ok", "fail", "locked"]) }, async (how) => {
      if (how === "locked") throw new TaskError("locked", "The account is locked.");
      return how === "ok" ? 1 : { status: "fail", data: ["No."] };
    });
    await bench.worker();
    const client = bench.client();
    for (const input of ["ok", "fail", "locked", "other"])
      await client.call(bench.route(), input).catch(() => {});
    const requests = () => records.filter(({ properties }) => "outcome" in properties);
    await waitFor(() => requests().length === 4, "a record of each request");
    const outcomes = requests().map(({ properties }) => properties["outcome"]);
    assert.deepEqual(outcomes, ["ok", "fail", "locked", "invalid_input"]);
    for (const { properties, level } of requests()) {
      assert.equal(level, "debug");
      assert.equal(properties["route"], bench.route());
      assert.equal(typeof properties["milliseconds"], "number");
    }
    assert.match(String(requests()[2]?.properties["body"]), /The account is locked/);
  });
});
