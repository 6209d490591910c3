import assert from "node:assert/strict";

import { serializer, ValidationError } from "../../../mod.ts";
import { plain, problemOf, randomCase, randomInclude, randomLoader } from "./cases.ts";
import type { Problem } from "./model.ts";
import { SerializeModel } from "./model.ts";
import { remotesOf } from "./nodes.ts";
import type { ObjectNode } from "./nodes.ts";
import type { RemoteTables } from "./remote_tables.ts";
import { keyOf } from "./remote_tables.ts";
import { buildSchema } from "./schemas.ts";

/** How many levels of remote rows the schemas have at most. */
const LEVELS = 3;

/** A random schema, rows and tables: what `serialize()` gives is what the model says. */
export async function checkSerialize(seed: number): Promise<void> {
  const { random, node, tables, values, rows, locale } = randomCase(seed);
  const untouched = structuredClone(rows);
  const Serializer = serializer(buildSchema(node), { client: tables });
  const loader = randomLoader(random);
  const include = randomInclude(random, node);
  const context = { locale };
  // What somebody else asked for is in the loader, fitting or not, maybe in another language.
  const others = { loader, context: { locale: random.pick(["uz", "en"]) } };
  if (loader) await Serializer.serialize(rows.slice(1), others).catch(() => {});
  tables.calls.length = 0;

  const model = new SerializeModel(tables, { include, locale });
  const expected = values.map((value) => model.represent(node, value, "validation"));
  const options = { loader, context, ...(include && { include }) };
  const serialize = (given: object): Promise<unknown> =>
    Serializer.serialize(given as never, options as never);
  const work = random.pick([
    () => serialize(rows),
    () => serialize(new Set(rows).size === rows.length ? new Set(rows) : rows),
    async () => {
      const map = await serialize(new Map(rows.map((row, index) => [`k${index}`, row])));
      assert.ok(map instanceof Map && map.size === rows.length);
      return rows.map((_, index) => map.get(`k${index}`) as unknown);
    },
    async () => {
      const [row] = rows;
      const isAlone = rows.length === 1 && typeof row === "object" && row !== null;
      // A list in place of a row would be one of rows.
      return isAlone && !Array.isArray(row) ? [await serialize(row)] : serialize(rows);
    },
  ])();
  if (model.problems.size > 0) await assertRejects(work, model.problems);
  else {
    const output = await work;
    assert.deepEqual(plain(output), plain(expected));
    assertFrozen(output, node);
  }
  assert.deepEqual(rows, untouched);
  assertFewCalls(node, tables);
}

export async function assertRejects(
  work: Promise<unknown>,
  problems: ReadonlySet<Problem>,
): Promise<void> {
  await assert.rejects(work, (error) => {
    const problem = problemOf(error);
    const told = `${String(error)}, not one of ${[...problems].join()}`;
    assert.ok(problem && problems.has(problem), told);
    return true;
  });
}

/** One call for each level and form of a request; of a form that asks by id and by owner two. */
function assertFewCalls(node: ObjectNode, { calls, room }: RemoteTables): void {
  for (const { ids } of calls) assert.equal(new Set(ids.map(keyOf)).size, ids.length);
  if (room !== Infinity || hasSmallBatches(node)) return;
  for (const form of new Set(calls.map((call) => call.form))) {
    const count = calls.filter((call) => call.form === form).length;
    assert.ok(count <= 2 * LEVELS, `${count} calls of ${form}`);
  }
}

function hasSmallBatches(node: ObjectNode): boolean {
  return remotesOf(node).some(
    ([, { maxBatch, nested }]) => maxBatch < 10 || (nested && hasSmallBatches(nested)),
  );
}

/** The same of `settle()`: what failed is null, and told. */
export async function checkSettle(seed: number): Promise<void> {
  const { random, node, tables, values, rows, locale } = randomCase(seed);
  const model = new SerializeModel(tables, { settles: true, locale });
  const expected = values.map((value) => model.represent(node, value, "validation"));
  const loader = randomLoader(random);
  const Serializer = serializer(buildSchema(node), { client: tables });
  const work = Serializer.settle(rows, { loader, context: { locale } });
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

/** Remote objects are frozen; rows are the caller's. */
function assertFrozen(value: unknown, node: unknown, isRemote = false): void {
  if (typeof value !== "object" || value === null) return;
  if (isRemote) assert.ok(Object.isFrozen(value), JSON.stringify(node));
  for (const part of Object.values(value))
    assertFrozen(part, node, isRemote || Object.isFrozen(value));
}
