// `npm run bench -- loopback`: calls per second over the loopback, each with its way through the codec, on one core of the
// runtime that this file is started with.
import { RPCClient, TaskRegistry, Worker } from "../mod.ts";
import { drive } from "./host/drive.ts";
import { findPayload } from "./payloads.ts";
import { quartiles } from "./report/quartiles.ts";

const GOAL = 200_000;
const ROUNDS = 9;
const IN_FLIGHT = 100;

const settings = { environment: "test" };
const registry = new TaskRegistry();
registry("bench.echo", (input: unknown) => input);
const worker = new Worker({ registry, settings, concurrency: IN_FLIGHT });
await worker.start();
const client = new RPCClient({ settings });
const target = {
  call: (input: unknown) => client.call("bench.echo", input),
  close: () => client.close(),
};
const rates: number[] = [];
for (const id of ["50B", "2KB"]) {
  const { title, value } = findPayload(id);
  await drive(target, value, IN_FLIGHT, 1_000);
  const found: number[] = [];
  for (let round = 0; round < ROUNDS; round++)
    found.push((await drive(target, value, IN_FLIGHT, 300)).callsPerSecond);
  const { median, low, high } = quartiles(found);
  rates.push(median);
  console.log(
    `${title}, ${IN_FLIGHT} in flight: ${format(median)} calls/s (${format(low)}–${format(high)})`,
  );
}
await client.close();
await worker.stop();
const [rate = 0] = rates;
console.log(`${(rate / GOAL).toFixed(2)} of the goal of ${format(GOAL)} calls/s at 50 B`);

function format(rate: number): string {
  return Math.round(rate).toLocaleString("en");
}
