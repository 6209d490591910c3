import assert from "node:assert/strict";

import { serializer } from "../../../mod.ts";
import { plain, randomCase, randomLoader } from "./cases.ts";
import type { Problem } from "./model.ts";
import { SerializeModel } from "./model.ts";
import { assertRejects } from "./serialize_cases.ts";
import { buildSchema } from "./schemas.ts";

/** The same of `stream()`, in batches of whatever size, with rows that are wrong left out or not. */
export async function checkStream(seed: number): Promise<void> {
  const { random, node, tables, values, rows, locale } = randomCase(seed, 6);
  const told = values.map((value) => {
    const model = new SerializeModel(tables, { locale });
    return { output: model.represent(node, value, "validation"), problems: model.problems };
  });
  const refused: object[] = [];
  const leavesOut = random.chance(0.6);
  const stream = serializer(buildSchema(node), { client: tables }).stream({
    context: { locale },
    loader: randomLoader(random),
    batchSize: 1 + random.below(4),
    batchIds: random.chance(0.5) ? 10_000 : 1 + random.below(5),
    prefetch: 1 + random.below(3),
    flushAfter: random.pick([0, 50, Infinity]),
    ...(leavesOut && { onRowError: (_, row) => void refused.push(row as object) }),
  });
  const input = new ReadableStream<object>({
    start: (controller) => {
      for (const row of rows) controller.enqueue(row);
      controller.close();
    },
  });
  const output: unknown[] = [];
  const work = input
    .pipeThrough(stream)
    .pipeTo(new WritableStream({ write: (row) => void output.push(row) }));
  const isWrong = ({ problems }: { readonly problems: ReadonlySet<Problem> }) =>
    problems.has("validation");
  const problems = new Set(told.flatMap((row) => [...row.problems]));
  if (leavesOut) problems.delete("validation");
  if (problems.size > 0) {
    // A row that is wrong itself may be left out before its route fails.
    const mayPass = leavesOut && told.every((row) => row.problems.size === 0 || isWrong(row));
    if (!mayPass) return assertRejects(work, problems);
    try {
      await work;
    } catch (error) {
      return assertRejects(Promise.reject(error), problems);
    }
  }
  await work;
  assert.deepEqual(
    plain(output),
    plain(told.filter((row) => !isWrong(row)).map((row) => row.output)),
  );
  assert.deepEqual(
    new Set(refused),
    new Set(rows.filter((_, index) => told[index] && isWrong(told[index]))),
  );
}
