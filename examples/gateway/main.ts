/**
 * `npm run example -- gateway [--serve PORT]`
 *
 * Tasks for browsers: calls as JSON, a stream as server-sent events. Asks the gateway over HTTP, leaves a stream in the middle and goes
 * on with the id of the last event. Without a broker all of it runs in this process; with AMQP_URL set the service behind the gateway
 * is a worker of its own. With `--serve` it stays, for a browser.
 */
import process from "node:process";
import { parseArgs } from "node:util";

import { configure, RPCClient } from "bgtasks";

import { startWorker } from "../start_worker.ts";
import { buildGateway } from "./gateway.ts";
import { serve } from "./serve.ts";
import type { Word } from "./tasks.ts";

const { values } = parseArgs({ options: { serve: { type: "string" } } });
const tasks = new URL("./tasks.ts", import.meta.url);
const overBroker = Boolean(process.env["AMQP_URL"]);
if (!overBroker) {
  configure({ environment: "test" });
  await import(tasks.href);
}
const worker = overBroker ? await startWorker(tasks) : undefined;
const client = new RPCClient();
const gateway = buildGateway(client, {
  calls: ["math.add"],
  streams: {
    "text.words": {
      idOf: (item) => String((item as Word).n),
      inputAfter: (id) => ({ after: Number(id) }),
    },
  },
});
const server = await serve((request) => gateway.fetch(request), Number(values.serve ?? 0));
if (values.serve !== undefined) {
  console.log(`${server.url} shows words as they come; Ctrl-C ends it`);
  await new Promise((resolve) => process.once("SIGINT", resolve));
} else {
  await call("math.add", { a: 2, b: 3 });
  await call("math.add", { a: 2, b: "3" });
  await call("text.running", null);
  const last = await read("0", 3);
  // The handler has heard that nobody reads.
  while ((await client.call("text.running", null)) !== 0);
  await read(last, Infinity);
}
await server.close();
await client.close();
await worker?.stop();

async function call(route: string, input: unknown): Promise<void> {
  const body = JSON.stringify(input);
  const response = await fetch(`${server.url}/call/${route}`, { method: "POST", body });
  console.log(`POST /call/${route} ${body}\n  ${response.status} ${await response.text()}`);
}

/** Reads so many words, as a browser does that saw the event of this id last. @returns the id of the last one */
async function read(lastEventId: string, count: number): Promise<string> {
  const headers = { "last-event-id": lastEventId };
  const response = await fetch(`${server.url}/stream/text.words`, { headers });
  console.log(`GET /stream/text.words after ${lastEventId}\n  ${response.status}`);
  let last = lastEventId;
  let words: string[] = [];
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk);
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const { id, data } = fieldsOf(event);
      if (id === undefined || words.length === count) continue;
      last = id;
      words = [...words, (JSON.parse(data ?? "") as Word).word];
    }
    // Leaving the loop closes the connection.
    if (words.length >= count) break;
  }
  console.log(`  ${words.join(" ")}`);
  return last;
}

function fieldsOf(event: string): Record<string, string | undefined> {
  return Object.fromEntries(event.split("\n").map((line) => line.split(/: (.*)/s)));
}
