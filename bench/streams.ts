// `npm run bench -- streams [--alone]`: items per second, and the time to the first item, beside frames by hand in the same batches, and
// beside gRPC and NestJS unless alone.
import { currentRuntime } from "../scripts/testing/runtime.ts";
import { findPayload } from "./payloads.ts";
import { quartiles } from "./report/quartiles.ts";
import { findRow } from "./rows/rows.ts";
import { fewItemsOf, itemsOf } from "./rows/streams.ts";
import { Contender } from "./runner/contender.ts";
import { withRoutes } from "./runner/with_routes.ts";

const GOAL = 0.9;
const ROUNDS = 9;
/** Of the peers, which take longer. */
const PEER_ROUNDS = 3;
const MILLISECONDS = 500;

const isAlone = process.argv.includes("--alone");

await withRoutes(7, async (url, routes) => {
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
    const limit = await open("streams-limit");
    const ours = await open("bgtasks-streams");
    const iterated = await open("streams-limit-iterated");
    const others = isAlone ? [] : [await open("grpc-streams"), await open("nestjs-streams")];
    for (const id of ["50B", "2KB"]) {
      const { title, value } = findPayload(id);
      for (const inFlight of [1, 100]) {
        console.log(`${title}, ${inFlight} at a time, goal ${GOAL} of the limit`);
        const measured = [ours, iterated, ...others].map((contender) => {
          const isFull = !others.includes(contender);
          const count = isFull ? itemsOf(value) : fewItemsOf(value);
          const rounds = isFull ? ROUNDS : PEER_ROUNDS;
          return { contender, count, rounds, ratios: [] as number[], rates: [] as number[] };
        });
        for (let round = -1; round < ROUNDS; round++) {
          let before = await limit.drive(id, inFlight, MILLISECONDS);
          for (const { contender, count, rounds, ratios, rates } of measured) {
            if (round >= rounds) continue;
            const { callsPerSecond } = await contender.drive(id, inFlight, MILLISECONDS);
            const after = await limit.drive(id, inFlight, MILLISECONDS);
            const byLimit = (before.callsPerSecond + after.callsPerSecond) / 2;
            before = after;
            // The first one warms up.
            if (round < 0) continue;
            rates.push(callsPerSecond * count);
            ratios.push((callsPerSecond * count) / (byLimit * itemsOf(value)));
          }
        }
        for (const { contender, ratios, rates } of measured) {
          const { median, low, high } = quartiles(ratios);
          const rate = Math.round(quartiles(rates).median).toLocaleString("en");
          const ratio = `${median.toFixed(2)} of the limit (${low.toFixed(2)}–${high.toFixed(2)})`;
          console.log(`  ${contender.row.title}: ${rate} items/s, ${ratio}`);
        }
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
