import assert from "node:assert/strict";

import * as v from "valibot";

import { remoteField, RemoteLoader, serializer } from "../../../mod.ts";
import { Random } from "./random.ts";

const ROWS = 8;
const route = "rows";
const field = remoteField(v.number(), { route });
const keyed = remoteField(v.number(), { route, key: "ids" });

/**
 * Random loads, clears, primes, changes, failures and aborts at once: nobody gets a row older than the last clear before it asked,
 * nobody is left waiting, and one that fails is asked again.
 */
export async function checkLoader(seed: number): Promise<void> {
  const random = new Random(seed);
  const versions = Array.from({ length: ROWS }, () => 0);
  /** The version that a load which begins now may see at least. */
  const oldest = Array.from({ length: ROWS }, () => 0);
  const pause = async () => {
    for (let turns = random.below(4); turns > 0; turns--) await Promise.resolve();
    if (random.chance(0.2)) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const client = {
    async call(_route: string, body: unknown): Promise<unknown> {
      await pause();
      if (random.chance(0.1)) throw new Error("down");
      const ids = Array.isArray(body) ? (body as number[]) : (body as { ids: number[] }).ids;
      const rows = ids.filter((id) => id < ROWS).map((id) => ({ id, version: versions[id] }));
      await pause();
      return rows;
    },
  };
  const loader = new RemoteLoader({
    client,
    wait: random.pick(["turn", "microtask"]),
    ...(random.chance(0.3) && { max: 1 + random.below(4) }),
    ...(random.chance(0.2) && { ttl: 10_000 }),
  });
  const ByField = serializer(v.object({ row: field }));
  const ByKey = serializer(v.object({ row: keyed }));
  const load = async () => {
    const isKeyed = random.chance(0.5);
    const rows = random.list(5, () => ({ row: random.below(ROWS + 2) }));
    const least = rows.map(({ row }) => oldest[row] ?? 0);
    const controller = new AbortController();
    const { signal } = controller;
    const work = isKeyed
      ? ByKey.serialize(rows, { loader, signal })
      : ByField.serialize(rows, { loader, signal });
    if (random.chance(0.1)) controller.abort(new Error("gone"));
    try {
      const output = await work;
      output.forEach(({ row }, index) => {
        const id = rows[index]?.row ?? 0;
        if (id >= ROWS) return assert.equal(row, null);
        assert.equal(row?.["id"], id);
        assert.ok(Number(row?.["version"]) >= (least[index] ?? 0), `an old row ${id}`);
      });
    } catch (error) {
      if (!["down", "gone"].includes((error as Error).message)) throw error;
    }
  };
  const work: Promise<void>[] = [];
  for (let step = 0; step < 20; step++) {
    const id = random.below(ROWS);
    const dice = random.next();
    if (dice < 0.6) work.push(load());
    else if (dice < 0.75) {
      // "Changed: ask again."
      versions[id] = (versions[id] ?? 0) + 1;
      loader.clear(route, [id]);
      oldest[id] = versions[id];
    } else if (dice < 0.85) {
      loader.clear();
      versions.forEach((version, row) => (oldest[row] = version));
    } else loader.prime(route, [{ id, version: versions[id] }]);
    await pause();
  }
  await Promise.all(work);
}
