/**
 * Two services and one call between them: the largest cities come from one, their countries from the other.
 * Without a broker both run in this process; with AMQP_URL set, the countries service is a worker process of its own.
 */
import process from "node:process";

import { configure, mergeMany, RPCClient, RPCResponse } from "bgtasks";
import type { TasksOf } from "bgtasks";

import { cityCount, largestCities } from "./cities/cities.ts";
import { startCountriesWorker } from "./countries_worker.ts";
import { formatTable } from "./format_table.ts";

const overBroker = Boolean(process.env["AMQP_URL"]);
if (!overBroker) {
  configure({ environment: "test" });
  await import("./countries/tasks.ts");
}
const worker = overBroker ? await startCountriesWorker() : undefined;

const client = new RPCClient<TasksOf<typeof import("./countries/tasks.ts")>>();
const cities = largestCities(20);
const codes = [...new Set(cities.map(({ country }) => country))];

const since = performance.now();
const countries = RPCResponse.unwrap(
  await client.call("countries.byCode", codes, { timeout: 10_000 }),
);
const milliseconds = performance.now() - since;

const rows = mergeMany(
  cities,
  "country",
  [...countries.map((country) => ({ ...country }))],
  "cca2",
);
console.log(formatTable(rows));
const way = overBroker
  ? "RabbitMQ, from a countries service in a process of its own"
  : "the loopback, with both services in this process";
const [total, cost] = [cityCount.toLocaleString("en"), milliseconds.toFixed(1)];
console.log(`\n${rows.length} of ${total} cities, ${codes.length} countries over ${way}.`);
console.log(`1 call, ${cost} ms, connecting included.`);

await client.close();
await worker?.stop();
