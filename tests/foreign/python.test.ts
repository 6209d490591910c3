import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as v from "valibot";

import { ProtocolError, RPCResponse } from "../../mod.ts";
import { brokerURL, inspectQueue, refusesTransientQueues, withChannel } from "../support/broker.ts";
import { waitFor } from "../support/wait_for.ts";
import { CapturedLog } from "./captured_log.ts";
import { openBench } from "./open_bench.ts";
import { python, PythonClient, PythonServer } from "./python_peer.ts";

const missing = "needs python3 with pika";
const needsPython = { skip: !brokerURL ? "needs a broker" : !python ? missing : false } as const;

/** For tests of queues as the original's workers declare them. */
const needsTransientQueues = {
  skip: refusesTransientQueues ? "the broker refuses queues that are not durable" : false,
} as const;

if (brokerURL && !python && process.env["BGTASKS_REQUIRE_BROKER"] === "1") {
  it("finds a Python that has pika", () => assert.fail(missing));
}

describe("a Python client calling our worker", needsPython, () => {
  it("gets what the handler returned, and sends what the original sends", async () => {
    await using bench = openBench();
    const route = bench.route();
    const seen: unknown[] = [];
    bench.registry(route, (input, ctx) => {
      seen.push({ input, headers: ctx.headers, deadline: ctx.deadline, id: ctx.correlationId });
      return { username: "Tom", surname: "Isaak" };
    });
    await bench.worker();
    const { reply, properties } = await PythonClient.start(bench).call(route, [
      "param1",
      { param3: 1.5 },
    ]);
    assert.deepEqual(reply, { username: "Tom", surname: "Isaak" });
    const { correlation_id: id } = properties;
    assert.deepEqual(seen, [
      { input: ["param1", { param3: 1.5 }], headers: {}, deadline: undefined, id },
    ]);
    assert.deepEqual(properties, {
      content_type: "application/json",
      content_encoding: null,
      correlation_id: id,
      reply_to: null,
      expiration: null,
      headers: null,
      app_id: "bgtasks",
    });
  });

  it("gets both kinds of RPCResponse as they are, without the header of a framework failure", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (ids: number[]) =>
      ids.length > 0
        ? RPCResponse({ data: ids.map((id) => ({ id })) })
        : RPCResponse({ errors: { ids: ["This list may not be empty."] } }),
    );
    await bench.worker();
    const client = PythonClient.start(bench);
    const success = await client.call(route, [1, 2]);
    assert.deepEqual(success.reply, { status: "success", data: [{ id: 1 }, { id: 2 }] });
    const fail = await client.call(route, []);
    assert.deepEqual(fail.reply, {
      status: "fail",
      data: { ids: ["This list may not be empty."] },
    });
    assert.equal(fail.properties["headers"], null);
  });

  for (const [what, value] of [
    ["text beyond ASCII", { naïve: "Žofie 你好 🎉 \u0000 \u2028 \u{10ffff}" }],
    ["null", null],
    ["an empty string", ""],
    ["false", false],
    ["zero", 0],
    ["numbers", [-1, 1.5, 1e21, 2 ** 53 - 1, -(2 ** 53 - 1), 5e-324]],
    [
      "keys that JavaScript knows",
      JSON.parse('{"__proto__": 1, "constructor": {}, "toString": null}'),
    ],
    ["200 KB", "ž".repeat(100_000)],
  ] as const) {
    it(`gets ${what} back from an echo`, async () => {
      await using bench = openBench();
      const route = bench.route();
      bench.registry(route, (input) => input);
      await bench.worker();
      const { reply } = await PythonClient.start(bench).call(route, value);
      assert.equal(JSON.stringify(reply), JSON.stringify(value));
    });
  }

  it("sees a failure, and nothing of the exception, when the handler throws", async () => {
    await using bench = openBench();
    await using log = await CapturedLog.start();
    const route = bench.route();
    bench.registry(route, () => {
      throw new Error("the password is hunter2");
    });
    await bench.worker();
    const { reply, properties } = await PythonClient.start(bench).call(route, null);
    const { status, data } = reply as { status: string; data: Record<string, unknown> };
    assert.equal(status, "fail");
    assert.equal(data["code"], "internal");
    assert.deepEqual(properties["headers"], { "bgtasks-error": "internal" });
    assert.doesNotMatch(JSON.stringify([reply, properties]), /hunter2/);
    assert.equal(log.messages(route, (data["data"] as { id: string }).id).length, 1);
  });

  it("sees messages by field when its input does not fit the schema, and the handler does not run", async () => {
    await using bench = openBench();
    const route = bench.route();
    const input = v.object({
      username: v.string("Not a valid string."),
      tags: v.array(v.pipe(v.string(), v.minLength(2, "Too short."), v.regex(/^a/, "Not an a."))),
    });
    let runs = 0;
    bench.registry(route, { input }, () => ++runs);
    await bench.worker();
    const client = PythonClient.start(bench);
    const { reply } = await client.call(route, { username: 7, tags: ["ab", "b"] });
    const { status, data } = reply as { status: string; data: unknown };
    assert.equal(status, "fail");
    assert.deepEqual(data, {
      username: ["Not a valid string."],
      "tags[1]": ["Too short.", "Not an a."],
    });
    const whole = (await client.call(route, [])).reply as { status: string; data: object };
    assert.equal(whole.status, "fail");
    assert.ok(Object.values(whole.data).every(Array.isArray), "lists of messages only");
    assert.equal(runs, 0);
    assert.equal((await client.call(route, { username: "Tom", tags: [] })).reply, 1);
  });

  it("is told that NaN, which Python takes for JSON, is none", async () => {
    await using bench = openBench();
    const route = bench.route();
    bench.registry(route, (input) => input);
    await bench.worker();
    const client = PythonClient.start(bench);
    const { reply } = await client.callWith(route, '{"price": NaN}');
    assert.equal((reply as { status: string }).status, "fail");
    assert.equal((reply as { data: { code: string } }).data.code, "bad_request");
    assert.equal((await client.call(route, 1)).reply, 1);
  });

  it("makes several calls in sequence, each with a reply queue of its own", async () => {
    await using bench = openBench();
    const route = bench.route();
    const ids = new Set<string>();
    bench.registry(route, (n: number, ctx) => {
      ids.add(ctx.correlationId);
      return n * n;
    });
    await bench.worker();
    const client = PythonClient.start(bench);
    for (let n = 1; n <= 20; n++) assert.equal((await client.call(route, n)).reply, n * n);
    assert.equal(ids.size, 20);
  });
});

describe("a Python server answering our client", needsPython, () => {
  it("succeeds and fails in envelopes, as the handler said", async () => {
    await using bench = openBench();
    const route = bench.route("users");
    await PythonServer.start(bench, { [route]: "users" });
    const client = bench.client();
    const users = [
      { id: 1, name: "Žofie 🎉 1" },
      { id: 2, name: "Žofie 🎉 2" },
    ];
    assert.deepEqual(await client.call(route, [1, 2]), { status: "success", data: users });
    assert.deepEqual(await client.call(route, "hello"), {
      status: "fail",
      data: { ids: ['Expected a list of items but got type "str".'] },
    });
  });

  it("gets the properties that a Python peer knows, and more that it may ignore", async () => {
    await using bench = openBench();
    const route = bench.route();
    await PythonServer.start(bench, { [route]: "properties" });
    const seen = (await bench
      .client()
      .call(route, null, { timeout: 5_000, headers: { user: "žofie", n: 1 } })) as Record<
      string,
      unknown
    >;
    assert.equal(seen["content_type"], "application/json");
    assert.match(String(seen["correlation_id"]), /./);
    assert.match(String(seen["reply_to"]), /^amq\.rabbitmq\.reply-to\../);
    const expiration = Number(seen["expiration"]);
    assert.ok(expiration > 0 && expiration <= 5_000, `expiration: ${expiration}`);
    assert.deepEqual(seen["headers"], { user: "žofie", n: 1 });
    assert.equal(seen["app_id"], "bgtasks");
  });

  it("echoes everything JSON has, undefined as None, many calls at a time", async () => {
    await using bench = openBench();
    const route = bench.route();
    await PythonServer.start(bench, { [route]: "echo" });
    const client = bench.client();
    const values = [
      null,
      true,
      0,
      -1.5,
      "",
      "你好 🎉",
      [],
      {},
      { a: [{ b: null }] },
      "x".repeat(200_000),
    ];
    assert.deepEqual(await Promise.all(values.map((value) => client.call(route, value))), values);
    assert.equal(await client.call(route), null);
  });

  it("that answers NaN makes the call reject with ProtocolError, and the next one succeed", async () => {
    await using bench = openBench();
    const [nan, name] = [bench.route("nan"), bench.route("name")];
    await PythonServer.start(bench, { [nan]: "nan", [name]: "name" });
    const client = bench.client();
    await assert.rejects(client.call(nan), ProtocolError);
    assert.equal(await client.call(name), "python");
  });
});

describe("a route that Python and our worker both serve", needsPython, () => {
  it(
    "is used as the Python worker declared it, which is told once",
    needsTransientQueues,
    async () => {
      await using bench = openBench();
      await using log = await CapturedLog.start();
      const route = bench.route();
      await (await PythonServer.start(bench, { [route]: "name" })).stop();
      bench.registry(route, (input) => input);
      await bench.worker();
      const client = PythonClient.start(bench);
      for (let n = 1; n <= 5; n++) assert.equal((await client.call(route, n)).reply, n);
      assert.equal(await bench.client().call(route, 6), 6);
      assert.equal(log.messages(route, "other properties").length, 1);
      // Still as Python declared it: the broker refuses another declaration that says durable.
      await assert.rejects(
        withChannel((channel) => channel.queueDeclare(route, { durable: true })),
        /PRECONDITION_FAILED/,
      );
    },
  );

  it("is shared while both are there, and ours alone when Python leaves", async () => {
    await using bench = openBench();
    const route = bench.route();
    const python = await PythonServer.start(bench, { [route]: "name" });
    bench.registry(route, () => "typescript");
    await bench.worker();
    const client = bench.client();
    const answers = new Set<unknown>();
    await waitFor(async () => {
      answers.add(await client.call(route));
      return answers.size === 2;
    }, "an answer of each");
    assert.deepEqual(answers, new Set(["python", "typescript"]));
    await python.stop();
    await waitFor(
      async () => (await inspectQueue(route)).consumerCount === 1,
      "the end of the Python consumer",
    );
    for (let n = 1; n <= 5; n++) assert.equal(await client.call(route), "typescript");
  });

  it(
    "can be joined by a Python worker when our task declares it as Python does",
    needsTransientQueues,
    async () => {
      await using bench = openBench();
      const route = bench.route();
      bench.registry(route, { queue: { durable: false } }, () => "typescript");
      const worker = await bench.worker();
      await PythonServer.start(bench, { [route]: "name" });
      await worker.stop();
      assert.equal(await bench.client().call(route), "python");
    },
  );
});
