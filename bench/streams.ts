// `npm run bench -- streams`: items per second, and the time to the first item, beside frames by hand in the same batches.
import { currentRuntime } from "../scripts/testing/runtime.ts";
import { findPayload } from "./payloads.ts";
import { quartiles } from "./report/quartiles.ts";
import { findRow } from "./rows/rows.ts";
import { itemsOf } from "./rows/streams.ts";
import { Contender } from "./runner/contender.ts";
import { withRoutes } from "./runner/with_routes.ts";

const GOAL = 0.9;
const ROUNDS = 9;
const MILLISECONDS = 500;

await withRoutes(4, async (url, routes) => {
  const runtime = currentRuntime();
  const contenders: Contender[] = [];
  const open = async (row: string): Promise<Contender> => {
    const route = routes[contenders.length] ?? "";
    const contender = await Contender.open(findRow(row), "two", runtime, {
      url,
      route,
      prefetch: 500,
    });
    contenders.push(contender);
    return contender;
  };
  try {
    const [limit, ours] = [await open("streams-limit"), await open("bgtasks-streams")];
    for (const id of ["50B", "2KB"]) {
      const { title, value } = findPayload(id);
      for (const inFlight of [1, 100]) {
        const [ratios, rates]: [number[], number[]] = [[], []];
        for (let round = -1; round < ROUNDS; round++) {
          const before = await limit.drive(id, inFlight, MILLISECONDS);
          const { callsPerSecond } = await ours.drive(id, inFlight, MILLISECONDS);
          const after = await limit.drive(id, inFlight, MILLISECONDS);
          // The first one warms up.
          if (round < 0) continue;
          rates.push(callsPerSecond * itemsOf(value));
          ratios.push((2 * callsPerSecond) / (before.callsPerSecond + after.callsPerSecond));
        }
        const { median, low, high } = quartiles(ratios);
        const rate = Math.round(quartiles(rates).median).toLocaleString("en");
        console.log(
          `${title}, ${inFlight} at a time: ${rate} items/s, ${median.toFixed(2)} of the limit (${low.toFixed(2)}–${high.toFixed(2)}), goal ${GOAL}`,
        );
      }
    }
    const [firstLimit, first] = [await open("first-item-limit"), await open("bgtasks-first-item")];
    const times: [number[], number[]] = [[], []];
    for (let round = -1; round < ROUNDS; round++) {
      for (const [index, contender] of [firstLimit, first].entries()) {
        const { median } = await contender.drive("50B", 1, MILLISECONDS);
        if (round >= 0) times[index]?.push(median / 1_000);
      }
    }
    const [byHand, byUs] = times.map((list) => quartiles(list).median.toFixed(2));
    console.log(`to the first item: ${byUs} ms, by hand ${byHand} ms`);
  } finally {
    for (const contender of contenders) await contender.close();
  }
});
