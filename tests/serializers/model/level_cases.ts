import assert from "node:assert/strict";

import * as v from "valibot";

import { remoteField, serializer } from "../../../mod.ts";
import { Random } from "./random.ts";

/** A relation whose rows have relations of their own, by their routes. */
interface Level {
  readonly route: Route;
  readonly inner: readonly Level[];
}

const ROUTES = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"] as const;
type Route = (typeof ROUTES)[number];

/**
 * One route does not answer: rows that lead to no route that others lead to go on without it, and those of one level that lead to one
 * route ask for it once.
 */
export async function checkLevels(seed: number): Promise<void> {
  const random = new Random(seed);
  const first: readonly Route[] = ROUTES.slice(0, 2 + random.below(3));
  const levels = first.map((route) => randomLevel(random, route, 2));
  const held = random.pick(first as [Route, ...Route[]]);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const calls: string[] = [];
  const client = {
    async call(route: string, ids: unknown): Promise<unknown> {
      calls.push(route);
      if (route === held) await released;
      else for (let turns = random.below(5); turns > 0; turns--) await Promise.resolve();
      return (ids as number[]).map((id) => ({
        id,
        ...Object.fromEntries(ROUTES.map((r) => [r, 1])),
      }));
    },
  };
  const Serializer = serializer(schemaOf(levels), { client });
  const work = Serializer.serialize(Object.fromEntries(ROUTES.map((route) => [route, 1])) as never);
  await new Promise<void>((resolve) => setImmediate(resolve));
  const before = new Set<string>(calls);
  const routes = levels.map(({ inner }) => routesOf(inner));
  for (const [index, { route }] of levels.entries()) {
    const own = routes[index] ?? new Set();
    const others = routes.filter((_, other) => other !== index);
    const isAlone = others.every((other) => [...other].every((name) => !own.has(name)));
    if (route === held || !isAlone || own.has(held)) continue;
    for (const name of own) assert.ok(before.has(name), `${name} does not wait for ${held}`);
  }
  release();
  assert.deepEqual(await work, represent(levels));
  assert.ok(calls.length <= countCalls(levels), `${calls.join()} are too many calls`);
}

function randomLevel(random: Random, route: Route, depth: number): Level {
  const next = depth === 0 ? [] : ROUTES.slice(4).filter(() => random.chance(0.25));
  return { route, inner: next.map((name) => randomLevel(random, name, depth - 1)) };
}

function schemaOf(levels: readonly Level[]): v.GenericSchema {
  return v.object(
    Object.fromEntries(
      levels.map(({ route, inner }) => [
        route,
        remoteField(v.number(), { route, serializer: serializer(schemaOf(inner)) }),
      ]),
    ),
  );
}

function represent(levels: readonly Level[]): object {
  return Object.fromEntries(levels.map(({ route, inner }) => [route, represent(inner)]));
}

function routesOf(levels: readonly Level[]): Set<Route> {
  return new Set(levels.flatMap(({ route, inner }) => [route, ...routesOf(inner)]));
}

/** One for each route of each level. */
function countCalls(levels: readonly Level[]): number {
  if (levels.length === 0) return 0;
  const routes = new Set(levels.map(({ route }) => route));
  return routes.size + countCalls(levels.flatMap(({ inner }) => inner));
}
