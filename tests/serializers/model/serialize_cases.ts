import assert from "node:assert/strict";

import {
  FailResponseError,
  ProtocolError,
  RemoteLoader,
  serializer,
  ValidationError,
} from "../../../mod.ts";
import type { Problem } from "./model.ts";
import { SerializeModel } from "./model.ts";
import { buildSchema, randomObject, randomValue, toRow } from "./nodes.ts";
import { Random } from "./random.ts";
import { RemoteTables } from "./remote_tables.ts";

/** How many levels of remote rows the schemas have at most. */
const LEVELS = 3;

/** A random schema, rows and tables: what `serialize()` gives is what the model says. */
export async function checkSerialize(seed: number): Promise<void> {
  const random = new Random(seed);
  const node = randomObject(random, 2);
  const tables = new RemoteTables(random);
  const values = random.list(4, () => randomValue(random, node));
  const rows = values.map((value) => toRow(random, node, value));
  const untouched = structuredClone(rows);
  const Serializer = serializer(buildSchema(node), { client: tables });
  const loader = random.chance(0.3) ? new RemoteLoader({ wait: "microtask" }) : undefined;
  // What somebody else asked for is in the loader, fitting or not.
  if (loader) await Serializer.serialize(rows.slice(1), { loader }).catch(() => {});
  tables.calls.length = 0;

  const model = new SerializeModel(tables);
  const expected = values.map((value) => model.represent(node, value, "validation"));
  const work = Serializer.serialize(rows, { loader });
  if (model.problems.size > 0) {
    await assert.rejects(work, (error) => {
      const problem = problemOf(error);
      assert.ok(
        problem && model.problems.has(problem),
        `${String(error)}, not one of ${[...model.problems].join()}`,
      );
      return true;
    });
  } else {
    const output = await work;
    assert.deepEqual(plain(output), plain(expected));
    assertFrozen(output, node);
  }
  assert.deepEqual(rows, untouched);
  for (const { ids } of tables.calls)
    assert.equal(new Set(ids.map((id) => keyOf(id))).size, ids.length);
  // One call for each level; of a route that is asked in three ways, by id, by owner and by both, three.
  for (const route of Object.keys(tables.rows)) {
    const calls = tables.calls.filter((call) => call.route === route).length;
    assert.ok(calls <= 2 * LEVELS + 1, `${calls} calls of ${route}`);
  }
}

/** The same of `settle()`: what failed is null, and told. */
export async function checkSettle(seed: number): Promise<void> {
  const random = new Random(seed);
  const node = randomObject(random, 2);
  const tables = new RemoteTables(random);
  const values = random.list(4, () => randomValue(random, node));
  const rows = values.map((value) => toRow(random, node, value));
  const model = new SerializeModel(tables, true);
  const expected = values.map((value) => model.represent(node, value, "validation"));
  const work = serializer(buildSchema(node), { client: tables }).settle(rows);
  if (model.problems.size > 0) {
    await assert.rejects(work, ValidationError);
    return;
  }
  const { output, failures } = await work;
  assert.deepEqual(plain(output), plain(expected));
  const told = failures.flatMap(({ field, ids }) =>
    ids.map((id) => `${field}:${JSON.stringify(id)}`),
  );
  const certain = told.filter((failure) => model.failures.has(failure) || !model.moot.has(failure));
  assert.deepEqual([...new Set(certain)].sort(), [...model.failures].sort());
}

/** What an id is as text; 1 and "1" are one id. */
function keyOf(id: unknown): string {
  return JSON.stringify(typeof id === "number" ? `${id}` : id);
}

function problemOf(error: unknown): Problem | undefined {
  if (error instanceof ValidationError) return "validation";
  if (error instanceof ProtocolError) return "protocol";
  if (error instanceof FailResponseError || (error as Error).message === "down") return "route";
  return undefined;
}

/** Without what JSON does not have. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Remote objects are frozen; rows are the caller's. */
function assertFrozen(value: unknown, node: unknown, isRemote = false): void {
  if (typeof value !== "object" || value === null) return;
  if (isRemote) assert.ok(Object.isFrozen(value), JSON.stringify(node));
  for (const part of Object.values(value))
    assertFrozen(part, node, isRemote || Object.isFrozen(value));
}
