/**
 * `npm run demo`, or `npm run example -- cities` over a broker
 *
 * Two services: one owns the cities of the world, the other their countries. All cities are shown with their countries and
 * the countries' neighbours, then the 20 largest as a table.
 *
 * Without a broker both services run in this process; with AMQP_URL set, the countries service is a worker process of its
 * own. `--out FILE` writes the cities as NDJSON, else they are counted.
 */
import { createWriteStream } from "node:fs";
import process from "node:process";
import { Writable } from "node:stream";
import { parseArgs } from "node:util";

import { configure, mergeMany, RemoteLoader, RPCClient, RPCResponse, type TasksOf } from "bgtasks";

import { cityCount, largestCities, streamCities } from "./cities/cities.ts";
import { CitySerializer } from "./cities/serializers.ts";
import { startWorker } from "../start_worker.ts";
import { formatTable } from "./format_table.ts";
import { Progress } from "./progress.ts";

const { values: options } = parseArgs({ options: { out: { type: "string" } } });

const overBroker = Boolean(process.env["AMQP_URL"]);
if (!overBroker) {
  configure({ environment: "test" });
  await import("./countries/tasks.ts");
}
const worker = overBroker
  ? await startWorker(new URL("./countries/tasks.ts", import.meta.url))
  : undefined;
const client = new RPCClient<TasksOf<typeof import("./countries/tasks.ts")>>();
const way = overBroker
  ? "over RabbitMQ, from a countries service in a process of its own"
  : "over the loopback, with both services in this process";

console.log(`All ${cityCount.toLocaleString("en")} cities, ${way}:`);
console.log(await showAllCities());

console.log("\nThe 20 largest:\n");
console.log(await showLargestCities());

await client.close();
await worker?.stop();

/** Every city through the serializer, in constant memory; tells what it cost. */
async function showAllCities(): Promise<string> {
  let [rows, calls] = [0, 0];
  const counting = new RPCClient();
  const loader = new RemoteLoader({
    client: {
      call(...request) {
        calls++;
        return counting.call(...request);
      },
    },
  });
  const progress = new Progress();
  const toLines = new TransformStream<object, string>({
    transform(city, controller) {
      progress.show(++rows, calls);
      controller.enqueue(`${JSON.stringify(city)}\n`);
    },
  });
  const out =
    options.out === undefined
      ? new WritableStream()
      : Writable.toWeb(createWriteStream(options.out));
  await streamCities()
    .pipeThrough(CitySerializer.stream({ loader }))
    .pipeThrough(toLines)
    .pipeTo(out);
  await counting.close();
  return progress.end(rows, calls);
}

/** The same by hand: one call for the distinct codes, merged into the rows. */
async function showLargestCities(): Promise<string> {
  const cities = largestCities(20);
  const codes = [...new Set(cities.map(({ country }) => country))];
  const since = performance.now();
  const reply = await client.call("countries.byCode", codes, { timeout: 10_000 });
  const countries = RPCResponse.unwrap(reply).map((country) => ({ ...country }));
  const milliseconds = performance.now() - since;
  const table = formatTable(mergeMany(cities, "country", countries, "cca2"));
  return `${table}\n\n${codes.length} countries: 1 call, ${milliseconds.toFixed(1)} ms.`;
}
