import assert from "node:assert/strict";

import { RemoteLoader, serializer } from "../../../mod.ts";
import { fitsId, isRowOf } from "./model.ts";
import type { Node, Remote } from "./nodes.ts";
import { buildSchema, randomObject, randomValue } from "./nodes.ts";
import { Random } from "./random.ts";
import { RemoteTables } from "./remote_tables.ts";

/** What docs/serializers.md says of `validate()`. */
class ValidateModel {
  /** The paths of what is wrong; the message where the model knows it. */
  readonly errors = new Map<string, string | undefined>();
  /** Whether a route that is down was asked, which is nobody's input's fault. */
  isDown = false;
  readonly #tables: RemoteTables;

  constructor(tables: RemoteTables) {
    this.#tables = tables;
  }

  validate(node: Node, value: unknown, path: string): unknown {
    switch (node.kind) {
      case "column":
        if (node.change === "default" && value === undefined) return "none";
        if (typeof value !== "string") return this.#error(path);
        return node.change === "trim" ? value.trim() : value;
      case "remote":
        return this.#remote(node, value, path);
      case "list":
        if (!Array.isArray(value)) return this.#error(path);
        return value.map((item, index) => this.validate(node.item, item, `${path}[${index}]`));
      case "maybe":
        if (value === (node.type === "nullable" ? null : undefined)) return value;
        return this.validate(node.inner, value, path);
      case "object":
        if (typeof value !== "object" || value === null) return this.#error(path);
        return Object.fromEntries(
          Object.entries(node.fields).flatMap(([name, field]) => {
            // Nobody stores the rows that hold its id.
            if (isMany(field)) return [];
            const inner = path === "" ? name : `${path}.${name}`;
            if (!(name in value) && mayBeAbsent(field))
              return isDefault(field) ? [[name, "none"]] : [];
            if (!(name in value)) return [[name, this.#error(inner)]];
            const given = (value as Record<string, unknown>)[name];
            return [[name, this.validate(field, given, inner)]];
          }),
        );
    }
  }

  #remote(node: Remote, id: unknown, path: string): unknown {
    const { route } = node;
    if (!fitsId(node, id)) {
      if (node.id !== "pair" || typeof id !== "object" || id === null) return this.#error(path);
      for (const part of ["owner", "id"]) if (!(part in id)) this.#error(`${path}.${part}`);
      return undefined;
    }
    const health = this.#tables.health[route];
    const format = `Format of response is not correct or route to service is incorrect(${route})`;
    if (health === "down") this.isDown = true;
    else if (health === "fail") this.#error(path, "No.");
    else if (health === "rubbish") this.#error(path, format);
    else if (!(this.#tables.rows[route] ?? []).some((row) => isRowOf(node, row, id)))
      this.#error(path, `Invalid pk "${show(id)}" - object does not exist.`);
    return id;
  }

  #error(path: string, message?: string): undefined {
    this.errors.set(path === "" ? "non_field_errors" : path, message);
    return undefined;
  }
}

function show(id: unknown): string {
  if (typeof id !== "object" || id === null) return String(id);
  return Object.entries(id)
    .map(([name, part]) => `${name}=${String(part)}`)
    .join(", ");
}

function isMany(node: Node): boolean {
  if (node.kind === "list") return isMany(node.item);
  if (node.kind === "maybe") return isMany(node.inner);
  return node.kind === "remote" && node.many;
}

function isDefault(node: Node): boolean {
  return node.kind === "column" && node.change === "default";
}

function mayBeAbsent(node: Node): boolean {
  return isDefault(node) || (node.kind === "maybe" && node.type === "optional");
}

/** A random schema, input and tables: what `validate()` says is what the model says. */
export async function checkValidate(seed: number): Promise<void> {
  const random = new Random(seed);
  const node = randomObject(random, 2);
  const tables = new RemoteTables(random);
  const input = randomValue(random, node);
  const untouched = structuredClone(input);
  const Serializer = serializer(buildSchema(node), { client: tables });
  const loader = random.chance(0.3) ? new RemoteLoader({ wait: "microtask" }) : undefined;
  const model = new ValidateModel(tables);
  const expected = model.validate(node, input, "");
  const work = Serializer.validate(input, { loader });
  if (model.isDown) {
    await assert.rejects(work, { message: "down" });
    return;
  }
  const result = await work;
  if (result.success) {
    assert.deepEqual([...model.errors], []);
    assert.deepEqual(result.output, expected);
  } else {
    assert.deepEqual(Object.keys(result.errors).sort(), [...model.errors.keys()].sort());
    for (const [path, message] of model.errors)
      if (message !== undefined) assert.deepEqual(result.errors[path], [message], path);
  }
  assert.deepEqual(input, untouched);
  // Pairs are another form in which the route is asked.
  const routes = tables.calls.map(
    ({ route, ids: [first] }) => `${route} ${typeof first === "object"}`,
  );
  assert.equal(new Set(routes).size, routes.length, "a check is one call for each route and form");
}
