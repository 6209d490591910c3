/**
 * `npm run example -- drizzle`
 *
 * Two services with a database each: users hold the id of an image that the images service owns. Asks the users' web API
 * as a browser would, and prints what it answers. Without a broker both services run in this process; with AMQP_URL set
 * the images service is a worker of its own.
 */
import process from "node:process";

import { configure } from "bgtasks";

import { startWorker } from "../start_worker.ts";
import { app } from "./users/app.ts";

const tasks = new URL("./images/tasks.ts", import.meta.url);
const overBroker = Boolean(process.env["AMQP_URL"]);
if (!overBroker) {
  configure({ environment: "test" });
  await import(tasks.href);
}
const worker = overBroker ? await startWorker(tasks) : undefined;

await show("GET", "/users");
await show("GET", "/users/1");
await show("POST", "/users", { username: "Eve", image: 3 });
await show("POST", "/users", { username: "X", image: 9 });

await worker?.stop();

async function show(method: string, path: string, body?: object): Promise<void> {
  const request = body && {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  };
  const response = await app.request(path, { method, ...request });
  console.log(`${method} ${path}${body ? ` ${JSON.stringify(body)}` : ""}`);
  console.log(`  ${response.status} ${await response.text()}`);
}
