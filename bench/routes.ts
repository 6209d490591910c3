// A worker with a thousand routes: how long it takes to start, and whether calls are slower for it.
import { RPCClient, TaskRegistry, Worker } from "../mod.ts";
import { drive } from "./host/drive.ts";
import { findPayload } from "./payloads.ts";
import { quartiles } from "./report/quartiles.ts";
import { withRoutes } from "./runner/with_routes.ts";

const ROUTES = 1_000;
const ROUNDS = 11;
const { value } = findPayload("50B");

await withRoutes(ROUTES + 1, async (url, [single = "", ...many]) => {
  const settings = { url };
  const few = await start([single], settings);
  const lots = await start(many, settings);
  console.log(
    `start with 1 route ${few.time.toFixed(0)} ms, with ${ROUTES} routes ${lots.time.toFixed(0)} ms, goal below 3,000 ms`,
  );
  const client = new RPCClient({ settings });
  const onlyRoute = {
    call: (input: unknown) => client.call(single, input),
    close: () => client.close(),
  };
  const one = many[500] ?? "";
  const oneOfMany = { ...onlyRoute, call: (input: unknown) => client.call(one, input) };
  let turn = 0;
  const allOfMany = {
    ...onlyRoute,
    call: (input: unknown) => client.call(many[turn++ % many.length] ?? "", input),
  };
  const targets = { single: onlyRoute, oneOfMany, allOfMany };
  const ratios: Record<string, number[]> = {};
  for (let round = -1; round < ROUNDS; round++) {
    for (const inFlight of [1, 100]) {
      const rates = new Map<string, number>();
      for (const [name, target] of Object.entries(targets))
        rates.set(name, (await drive(target, value, inFlight, 200)).callsPerSecond);
      // The first round warms up.
      if (round < 0) continue;
      for (const name of ["oneOfMany", "allOfMany"])
        (ratios[`${name}, ${inFlight} in flight`] ??= []).push(
          (rates.get(name) ?? 0) / (rates.get("single") ?? 1),
        );
    }
  }
  for (const [name, found] of Object.entries(ratios)) {
    const { median, low, high } = quartiles(found);
    console.log(
      `calls, ${name}: ${median.toFixed(2)} of a worker with one route (${low.toFixed(2)}–${high.toFixed(2)}), goal at least 0.95`,
    );
  }
  await client.close();
  await few.worker.stop();
  await lots.worker.stop();
});

async function start(
  routes: readonly string[],
  settings: { url: string },
): Promise<{ worker: Worker; time: number }> {
  const registry = new TaskRegistry();
  for (const route of routes) registry(route, (input: unknown) => input);
  const worker = new Worker({ registry, settings });
  const before = performance.now();
  await worker.start();
  return { worker, time: performance.now() - before };
}
