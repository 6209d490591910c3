import * as v from "valibot";

import { remoteField, serializer } from "../../mod.ts";

type Row = Readonly<Record<string, unknown>>;

const COLUMNS = Array.from({ length: 60 }, (_, index) => `c${index}`);
const FIELDS = Array.from({ length: 20 }, (_, index) => `f${index}`);

const makeObjects = (ids: readonly unknown[]) => ids.map((id) => ({ id, path: `/${String(id)}` }));
const client = {
  call: (_route: string, ids: unknown) => Promise.resolve(makeObjects(ids as unknown[])),
};

/** One shape of rows: what is measured, and what it is measured against. */
export interface Shape {
  readonly work: () => Promise<unknown>;
  readonly against: () => Promise<unknown>;
}

/** Rows that are not like those of the joins, each with its rival. */
export const shapes: Readonly<Record<string, Shape>> = {
  "60 columns, over a literal": wide(10_000),
  "20 fields of one route, over 20 routes": manyFields(2_000),
  "ids that are text, over a bare Map": texts(50_000, (id) => `a${id}-4f5c`),
  "ids that are numbers as text, over a bare Map": texts(50_000, String),
};

/** The time of a call with a single row, in microseconds. */
export async function measureOneRow(): Promise<number> {
  const Serializer = serializer(
    v.object({ id: v.number(), image: remoteField(v.number(), { route: "r" }) }),
    { client },
  );
  const times: number[] = [];
  for (let round = 0; round < 15; round++) {
    const start = performance.now();
    for (let call = 0; call < 5_000; call++) await Serializer.serialize({ id: 1, image: 5 });
    times.push((performance.now() - start) / 5);
  }
  return times.sort((a, b) => a - b)[7] ?? NaN;
}

function wide(count: number): Shape {
  const rows: Row[] = Array.from({ length: count }, (_, row) => ({
    ...Object.fromEntries(COLUMNS.map((name, column) => [name, row + column])),
    image: row % 250,
  }));
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, v.number()]));
  const image = remoteField(v.number(), { route: "r" });
  const Serializer = serializer(v.object({ ...columns, image }), { client });
  // What one would write by hand: the engine then knows the shape of the object.
  // oxlint-disable-next-line typescript/no-implied-eval -- sixty columns written out would say no more
  const literal = new Function(
    "row",
    "found",
    `return { ${COLUMNS.map((name) => `${name}: row.${name}`).join()}, image: found.get(row.image) ?? null }`,
  ) as (row: Row, found: ReadonlyMap<unknown, object>) => object;
  return {
    work: () => Serializer.serialize(rows as never[]),
    against: async () => {
      const found = fetchMap(rows);
      return rows.map((row) => literal(row, found));
    },
  };
}

function manyFields(count: number): Shape {
  let next = 0;
  const rows = Array.from({ length: count }, () =>
    Object.fromEntries(FIELDS.map((name) => [name, next++])),
  );
  const make = (routeOf: (name: string) => string) =>
    serializer(
      v.object(
        Object.fromEntries(
          FIELDS.map((name) => [name, remoteField(v.number(), { route: routeOf(name) })]),
        ),
      ),
      { client },
    );
  const one = make(() => "r");
  const twenty = make((name) => name);
  return { work: () => one.serialize(rows), against: () => twenty.serialize(rows) };
}

function texts(count: number, toText: (id: number) => string): Shape {
  const rows = Array.from({ length: count }, (_, id) => ({ id, name: "n", image: toText(id) }));
  const image = remoteField(v.string(), { route: "r" });
  const schema = v.object({ id: v.number(), name: v.string(), image });
  const Serializer = serializer(schema, { client });
  return {
    work: () => Serializer.serialize(rows),
    against: async () => {
      const found = fetchMap(rows);
      return rows.map((row) => ({ ...row, image: found.get(row.image) ?? null }));
    },
  };
}

function fetchMap(rows: readonly Row[]): ReadonlyMap<unknown, object> {
  const ids = [...new Set(rows.map(({ image }) => image))];
  return new Map(makeObjects(ids).map((object) => [object.id, object]));
}
