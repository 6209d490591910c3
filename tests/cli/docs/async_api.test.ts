import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { asyncAPI } from "../../../src/cli/docs/async_api.ts";
import { oddTasks } from "./odd_tasks.ts";

type Node = Readonly<Record<string, unknown>>;

// `npm run check -- asyncapi` asks AsyncAPI's own parser too.
describe("asyncAPI()", () => {
  const tasks = oddTasks();
  // As those see it who read the file.
  const document = JSON.parse(
    JSON.stringify(asyncAPI({ title: "odd", version: "1.0.0" }, tasks)),
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
    assert.deepEqual(addresses, [...tasks.map(({ route }) => route), null]);
    assert.equal(Object.keys(operations).length, tasks.length);
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

  it("leaves open what no schema tells", () => {
    const schemas = document["components"]?.["schemas"] as Record<string, Node>;
    assert.deepEqual(schemas["no_schema.input"], {});
    assert.deepEqual(schemas["big.number.input"], {});
  });
});
