import assert from "node:assert/strict";

import { serializer } from "../../../mod.ts";
import { randomLoader } from "./cases.ts";
import { fitsId, itemsOf } from "./model.ts";
import type { Node, ObjectNode, Remote } from "./nodes.ts";
import { isDefault, isMany, isNone, mayBeAbsent, randomObject, remotesOf } from "./nodes.ts";
import { Random } from "./random.ts";
import { isPicked, RemoteTables } from "./remote_tables.ts";
import { buildSchema } from "./schemas.ts";
import { randomValue } from "./values.ts";

/** What docs/serializers.md says of `validate()`. */
class ValidateModel {
  /** The paths of what is wrong; the message where the model knows it. */
  readonly errors = new Map<string, string | undefined>();
  /** Whether a route that is down was asked, which is nobody's input's fault. */
  isDown = false;
  readonly #tables: RemoteTables | undefined;

  /** @param tables without them every row is there */
  constructor(tables?: RemoteTables) {
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
        if (isNone(node, value)) return value;
        return this.validate(node.inner, value, path);
      case "tuple":
        if (!Array.isArray(value)) return this.#error(path);
        return itemsOf(node, value).map((item, index) =>
          this.validate(item, value[index], `${path}[${index}]`),
        );
      case "record": {
        if (typeof value !== "object" || value === null) return this.#error(path);
        const entries = Object.entries(value);
        return Object.fromEntries(
          entries.map(([name, inner]) => [
            name,
            this.validate(node.value, inner, below(path, name)),
          ]),
        );
      }
      case "object":
        if (typeof value !== "object" || value === null) return this.#error(path);
        return this.#fields(node, value as Fields, path);
      case "choice": {
        if (typeof value !== "object" || value === null) return this.#error(path);
        const { type } = value as Fields;
        const isUnion = node.schema === "union";
        if (type !== "a" && type !== "b") return this.#error(isUnion ? path : below(path, "type"));
        const option = node.options[type];
        // Of a union that none of the options fits nobody can say which one was meant.
        if (isUnion && !fits(option, value)) return this.#error(path);
        return { type, ...this.#fields(option, value as Fields, path) };
      }
    }
  }

  #fields({ fields }: ObjectNode, value: Fields, path: string): Fields {
    const entries = Object.entries(fields).flatMap(([name, field]) => {
      // Nobody stores the rows that hold its id.
      if (isMany(field)) return [];
      const inner = below(path, name);
      if (!(name in value) && mayBeAbsent(field)) return isDefault(field) ? [[name, "none"]] : [];
      if (!(name in value)) return [[name, this.#error(inner)]];
      return [[name, this.validate(field, value[name], inner)]];
    });
    return Object.fromEntries(entries) as Fields;
  }

  #remote(node: Remote, id: unknown, path: string): unknown {
    const { route } = node;
    if (!fitsId(node, id)) {
      if (node.id !== "pair" || typeof id !== "object" || id === null) return this.#error(path);
      for (const part of ["owner", "id"]) if (!(part in id)) this.#error(`${path}.${part}`);
      return undefined;
    }
    if (!this.#tables) return id;
    const health = this.#tables.health[route];
    const format = `Format of response is not correct or route to service is incorrect(${route})`;
    if (health === "down") this.isDown = true;
    else if (health === "fail") this.#error(path, "No.");
    else if (health === "rubbish") this.#error(path, format);
    else if (health === "picky" && isPicked(id)) this.#error(path, "Odd.");
    else if (this.#tables.rowsOf(node, id, "uz").length === 0)
      this.#error(path, `Invalid pk "${show(id)}" - object does not exist.`);
    return id;
  }

  #error(path: string, message?: string): undefined {
    this.errors.set(path === "" ? "non_field_errors" : path, message);
    return undefined;
  }
}

function fits(node: Node, value: unknown): boolean {
  const model = new ValidateModel();
  model.validate(node, value, "");
  return model.errors.size === 0;
}

function show(id: unknown): string {
  if (typeof id !== "object" || id === null) return String(id);
  return Object.entries(id)
    .map(([name, part]) => `${name}=${String(part)}`)
    .join(", ");
}

type Fields = Readonly<Record<string, unknown>>;

function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** A random schema, input and tables: what `validate()` says is what the model says. */
export async function checkValidate(seed: number): Promise<void> {
  const random = new Random(seed);
  const node = randomObject(random, 2);
  const tables = new RemoteTables(random, ["down", "fail", "rubbish", "picky"]);
  const input = randomValue(random, node);
  const untouched = structuredClone(input);
  const Serializer = serializer(buildSchema(node), { client: tables });
  const loader = randomLoader(random);
  const model = new ValidateModel(tables);
  const expected = model.validate(node, input, "");
  const work = Serializer.validate(input, { loader, context: { locale: "uz" } });
  if (model.isDown) {
    await assert.rejects(work, { message: "down" });
    return;
  }
  const result = await work;
  if (result.success) {
    assert.deepEqual([...model.errors], []);
    assert.deepEqual(result.output, expected);
  } else {
    const told = Object.keys(result.errors);
    const isTold = (path: string) => told.includes(path);
    // A service that is picky about each of many calls is asked a few times only.
    const mayLack = isSplit(node, tables) && Object.values(tables.health).includes("picky");
    const expected = [...model.errors.keys()].filter((path) => !mayLack || isTold(path));
    assert.deepEqual(told.sort(), expected.sort());
    for (const [path, message] of model.errors)
      if (message !== undefined && isTold(path))
        assert.deepEqual(result.errors[path], [message], path);
  }
  assert.deepEqual(input, untouched);
  if (isSplit(node, tables)) return;
  const forms = tables.calls
    .filter(({ route }) => tables.health[route] !== "picky")
    .map(({ form }) => form);
  assert.equal(new Set(forms).size, forms.length, "a check is one call for each route and form");
}

/** Whether ids of one form may go out in several calls. */
function isSplit(node: Node, { room }: RemoteTables): boolean {
  return room !== Infinity || remotesOf(node).some(([, { maxBatch }]) => maxBatch < 10);
}
