// `npm run bench -- compare FOLDER`: this checkout against another one, drive by drive, where a run of its own before and
// another after would show what else the machine did in between.
import { resolve } from "node:path";

import { currentRuntime } from "../scripts/testing/runtime.ts";
import { payloads } from "./payloads.ts";
import { quartiles } from "./report/quartiles.ts";
import { findRow } from "./rows/rows.ts";
import { Contender, type Mode, type Sample } from "./runner/contender.ts";
import { IN_FLIGHT, PREFETCH } from "./runner/plan.ts";
import { withRoutes } from "./runner/with_routes.ts";

const ROUNDS = 40;
/** Of one drive and before the first, in milliseconds. */
const [DRIVE, WARM_UP] = [100, 1_000];

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) throw new Error("Cannot compare without the folder of another checkout");
const otherHost = resolve(folder, "bench/host/host.ts");
const wanted = payloads.filter(({ id }) => names.length === 0 || names.includes(id));

for (const { id: payload, title } of wanted) {
  for (const mode of ["two", "one"] as const) {
    const rounds = payload === "100KB" ? ROUNDS / 4 : ROUNDS;
    await compare(payload, mode, rounds, `${title}, ${mode} process${mode === "two" ? "es" : ""}`);
  }
}

async function compare(payload: string, mode: Mode, rounds: number, title: string): Promise<void> {
  await withRoutes(2, async (url, [ownRoute = "", otherRoute = ""]) => {
    const open = (route: string, host?: string): Promise<Contender> =>
      Contender.open(
        findRow("bgtasks"),
        mode,
        currentRuntime(),
        { url, route, prefetch: PREFETCH },
        host,
      );
    const own = await open(ownRoute);
    const other = await open(otherRoute, otherHost);
    try {
      for (const contender of [own, other]) await contender.drive(payload, 100, WARM_UP);
      for (const inFlight of IN_FLIGHT) {
        const [speeds, clients, workers]: number[][] = [[], [], []];
        for (let round = 0; round < rounds; round++) {
          // Each is the first as often as the other.
          const order = round % 2 === 0 ? [own, other] : [other, own];
          const samples: Sample[] = [];
          for (const contender of order)
            samples.push(await contender.drive(payload, inFlight, DRIVE));
          const [mine, theirs] = round % 2 === 0 ? samples : samples.reverse();
          if (!mine || !theirs) continue;
          speeds?.push(mine.callsPerSecond / theirs.callsPerSecond);
          if (mine.clientCPU && theirs.clientCPU) clients?.push(mine.clientCPU / theirs.clientCPU);
          if (mine.workerCPU && theirs.workerCPU) workers?.push(mine.workerCPU / theirs.workerCPU);
        }
        const cpu =
          mode === "two" && inFlight === 100
            ? `, CPU of the client ${tell(clients)}, of the worker ${tell(workers)}`
            : "";
        console.log(
          `${title}, ${inFlight} in flight: ${tell(speeds)} of the other's calls/s${cpu}`,
        );
      }
    } finally {
      await own.close();
      await other.close();
    }
  });
}

function tell(ratios: readonly number[] = []): string {
  const { median, low, high } = quartiles(ratios);
  return `${median.toFixed(3)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}
