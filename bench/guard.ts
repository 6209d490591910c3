// Fails when calls have become much slower against the limit, which the same machine gives at the same moment.
import { currentRuntime } from "../scripts/testing/runtime.ts";
import { findPayload } from "./payloads.ts";
import { quartiles } from "./report/quartiles.ts";
import { findRow } from "./rows/rows.ts";
import { Contender } from "./runner/contender.ts";
import { withRoutes } from "./runner/with_routes.ts";

/** Far below what is usual, so that a busy machine alone does not fail it. */
const FLOOR = 0.6;
const ROUNDS = 9;
const { id: payload } = findPayload("50B");

await withRoutes(2, async (url, [limitRoute = "", ourRoute = ""]) => {
  const runtime = currentRuntime();
  const open = (row: string, route: string): Promise<Contender> =>
    Contender.open(findRow(row), "two", runtime, { url, route, prefetch: 500 });
  const limit = await open("limit", limitRoute);
  const ours = await open("bgtasks", ourRoute);
  try {
    for (const contender of [limit, ours]) await contender.drive(payload, 100, 1_000);
    for (const inFlight of [1, 100]) {
      const ratios: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const before = await limit.drive(payload, inFlight, 200);
        const { callsPerSecond } = await ours.drive(payload, inFlight, 400);
        const after = await limit.drive(payload, inFlight, 200);
        ratios.push((2 * callsPerSecond) / (before.callsPerSecond + after.callsPerSecond));
      }
      const { median, low, high } = quartiles(ratios);
      console.log(
        `${inFlight} in flight: ${median.toFixed(2)} of the limit (${low.toFixed(2)}–${high.toFixed(2)}), floor ${FLOOR}`,
      );
      if (!(median >= FLOOR)) process.exitCode = 1;
    }
  } finally {
    await limit.close();
    await ours.close();
  }
});
