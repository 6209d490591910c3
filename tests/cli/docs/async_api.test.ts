import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { asyncAPI } from "../../../src/cli/docs/async_api.ts";
import { oddJobs, oddTasks } from "./odd_tasks.ts";

type Node = Readonly<Record<string, unknown>>;

// `npm run check -- asyncapi` asks AsyncAPI's own parser too.
describe("asyncAPI()", () => {
  const [tasks, jobs] = [oddTasks(), oddJobs()];
  // As those see it who read the file.
  const document = JSON.parse(
    JSON.stringify(asyncAPI({ title: "odd", version: "1.0.0" }, tasks, jobs)),
  ) as Record<string, Node>;

  function resolve(ref: string): unknown {
    let node: unknown = document;
    for (const part of ref.split("/").slice(1))
      node = (node as Node)[part.replaceAll("~1", "/").replaceAll("~0", "~")];
    return node;
  }

  function* refs(node: unknown): Generator<string> {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "$ref") yield value as string;
      else yield* refs(value);
    }
  }

  it("has a channel and an operation for each route, whatever it is called", () => {
    const { channels = {}, operations = {} } = document;
    const addresses = Object.values(channels).map((channel) => (channel as Node)["address"]);
    const queues = jobs.map(({ route }) => `bgtasks.job.${route}`);
    assert.deepEqual(addresses, [...tasks.map(({ route }) => route), ...queues, null]);
    assert.equal(Object.keys(operations).length, tasks.length + jobs.length);
    for (const key of Object.keys(operations)) assert.match(key, /^[\w.-]+$/);
    assert.ok(!Object.hasOwn(operations, "__proto__"));
  });

  it("has only references that lead somewhere, those of recursive schemas too", () => {
    const all = [...refs(document)];
    assert.ok(all.some((ref) => ref.includes("$defs")));
    for (const ref of all) assert.notEqual(resolve(ref), undefined, ref);
  });

  it("tells schemas of both libraries, an example that fits, and how the queue is declared", () => {
    const { channels = {}, components = {}, operations = {} } = document;
    const schemas = components["schemas"] as Record<string, Node>;
    assert.deepEqual(schemas["orders.place.input"]?.["required"], ["items", "paid"]);
    const add = schemas["users.add.input"]?.["properties"] as Record<string, Node>;
    assert.deepEqual(add["mail"], { type: "string", format: "email" });
    assert.match(JSON.stringify(add["image"]), /"number".*An id, for images\.byIds/);
    const plant = channels["trees.plant"] as { bindings: { amqp: { queue: Node } } };
    assert.equal(plant.bindings.amqp.queue["durable"], false);
    assert.match(
      JSON.stringify(channels["users.add"]),
      /"examples":\[\{"payload":\{"id":1,"mail":"tom@example\.com","image":1\}\}\]/,
    );
    assert.equal((operations["orders.place"] as Node)["x-timeout"], 2_000);
  });

  it("tells how jobs are retried, and that nobody replies to them", () => {
    const { channels = {}, operations = {}, components = {} } = document;
    const key = "bgtasks.job.users.add";
    const { channel: at, messages, ...operation } = operations[key] as Node;
    assert.deepEqual(operation, {
      action: "receive",
      summary: "Sends a <mail>.",
      description: 'Defined in it\'s "ours" <b>/tasks.ts.',
      "x-timeout": 5_000,
      "x-retry": { attempts: 4, delay: 2_000, factor: 3, max: 60_000, jitter: 0.25 },
      "x-exchange": "default",
    });
    assert.equal(resolve((at as { $ref: string }).$ref), channels[key]);
    assert.equal((messages as Node[]).length, 1);
    const schemas = components["schemas"] as Record<string, Node>;
    assert.deepEqual(schemas[`${key}.input`]?.["required"], ["id"]);
    assert.match(
      JSON.stringify(channels[key]),
      /"durable":true.*|"examples":\[\{"payload":\{"id":1/,
    );
    const { "x-retry": retry, "x-concurrency": concurrency } = operations[
      "bgtasks.job.retried"
    ] as Node;
    assert.deepEqual([retry, concurrency], ["function", 2]);
  });

  it("tells what the items of a stream are", () => {
    const { operations = {}, components = {}, channels = {} } = document;
    assert.equal((operations["orders.watch"] as Node)["x-stream"], true);
    const schemas = components["schemas"] as Record<string, Node>;
    const item = schemas["orders.watch.output"]?.["properties"] as Node;
    assert.deepEqual(Object.keys(item), ["id", "mail", "image"]);
    const replies = channels["-replies"] as { messages: Record<string, Node> };
    assert.deepEqual(replies.messages["orders.watch"]?.["payload"], {
      type: "array",
      items: { $ref: "#/components/schemas/orders.watch.output" },
    });
  });

  it("leaves open what no schema tells", () => {
    const schemas = document["components"]?.["schemas"] as Record<string, Node>;
    assert.deepEqual(schemas["no_schema.input"], {});
    assert.deepEqual(schemas["big.number.input"], {});
  });
});
