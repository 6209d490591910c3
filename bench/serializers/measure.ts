// Measures on the runtime it runs in and prints one JSON line: ratios within this run, as the times of a shared machine
// are worth no more.
import type { Join, UserRow } from "./subjects.ts";
import { measureOneRow, shapes } from "./shapes.ts";
import { joins, makeRows, serializeOverLoopback, streamOverLoopback } from "./subjects.ts";

const WARM_UP = 3;
const ROUNDS = 15;

/** What a run found. */
export interface Measured {
  /** The cost of a row among 100,000 over that of one among 1,000, by subject and number of ids. */
  readonly flat: Readonly<Record<string, number>>;
  /** The time of each join of 100,000 rows with 250 ids over that of the bare Map. */
  readonly joins: Readonly<Record<string, number>>;
  /** The same with an id of its own in each row. */
  readonly distinctJoins: Readonly<Record<string, number>>;
  /** The time of rows of other shapes over that of their rival. */
  readonly shapes: Readonly<Record<string, number>>;
  /** The time of a call with a single row, in microseconds. */
  readonly oneRow: number;
  readonly stream: {
    readonly rows: number;
    readonly grownMB: number;
    readonly rowsPerSecond: number;
  };
}

type Works = Readonly<Record<string, () => Promise<unknown>>>;

/** The median time of each work. They take turns, so that what slows the machine slows all of them. */
async function takeTurns(works: Works): Promise<Record<string, number>> {
  const times = new Map<string, number[]>();
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      const start = performance.now();
      await work();
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), performance.now() - start]);
    }
  }
  return Object.fromEntries([...times].map(([name, taken]) => [name, median(taken)]));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

async function measureFlat(join: Join, distinct: number): Promise<number> {
  const few = makeRows(1_000, Math.min(distinct, 1_000));
  const many = makeRows(100_000, distinct);
  const { apart = NaN, together = NaN } = await takeTurns({
    apart: async () => {
      for (let i = 0; i < 100; i++) await join(few);
    },
    together: () => join(many),
  });
  return together / apart;
}

async function measureJoins(distinct: number): Promise<Record<string, number>> {
  const rows = makeRows(100_000, distinct);
  const works = Object.entries(joins).map(([name, join]) => [name, () => join(rows)] as const);
  const times = await takeTurns(Object.fromEntries(works));
  const bare = times["bare Map"] ?? NaN;
  return Object.fromEntries(Object.entries(times).map(([name, taken]) => [name, taken / bare]));
}

async function measureShapes(): Promise<Record<string, number>> {
  const ratios: Record<string, number> = {};
  for (const [name, { work, against }] of Object.entries(shapes)) {
    const { own = NaN, rival = NaN } = await takeTurns({ own: work, rival: against });
    ratios[name] = own / rival;
  }
  return ratios;
}

async function measureStream(count: number): Promise<Measured["stream"]> {
  let next = 0;
  const rows = new ReadableStream<UserRow>({
    pull(controller) {
      if (next === count) controller.close();
      else controller.enqueue({ id: next, username: `user ${next}`, image: next++ });
    },
  });
  const before = process.memoryUsage().rss;
  let peak = before;
  let seen = 0;
  const start = performance.now();
  for await (const { image } of rows.pipeThrough(streamOverLoopback())) {
    if ((image as { id?: unknown } | null)?.id !== seen) {
      throw new Error(`row ${seen} has another one's image`);
    }
    if (++seen % 10_000 === 0) peak = Math.max(peak, process.memoryUsage().rss);
  }
  if (seen !== count) throw new Error(`${seen} of ${count} rows came out`);
  const seconds = (performance.now() - start) / 1_000;
  return { rows: count, grownMB: (peak - before) / 2 ** 20, rowsPerSecond: count / seconds };
}

// First, as nothing else has grown the memory yet; after as much as makes the runtime warm.
await measureStream(20_000);
const stream = await measureStream(1_000_000);
const flat: Record<string, number> = {};
for (const [ids, distinct] of [
  ["250 ids", 250],
  ["all ids distinct", 100_000],
] as const) {
  flat[`serializer, ${ids}`] = await measureFlat(joins.serializer, distinct);
  flat[`serializer with calls over the loopback, ${ids}`] = await measureFlat(
    serializeOverLoopback,
    distinct,
  );
  flat[`bare Map, ${ids}`] = await measureFlat(joins["bare Map"], distinct);
}
const measured: Measured = {
  flat,
  joins: await measureJoins(250),
  distinctJoins: await measureJoins(100_000),
  shapes: await measureShapes(),
  oneRow: await measureOneRow(),
  stream,
};
console.log(JSON.stringify(measured));
