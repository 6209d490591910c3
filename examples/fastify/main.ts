/**
 * `npm run example -- fastify`
 *
 * A web API with Fastify over two services: listens, asks itself as a browser would, prints what it answers, and shuts
 * down. Without a broker both services run in this process; with AMQP_URL set the images service is a worker of its own.
 */
import process from "node:process";

import { configure } from "bgtasks";

import { startWorker } from "../start_worker.ts";
import { buildApp } from "./users/app.ts";

const tasks = new URL("./images/tasks.ts", import.meta.url);
const overBroker = Boolean(process.env["AMQP_URL"]);
if (!overBroker) {
  configure({ environment: "test" });
  await import(tasks.href);
}
const worker = overBroker ? await startWorker(tasks) : undefined;
const app = buildApp();
const address = await app.listen({ host: "127.0.0.1", port: Number(process.env["PORT"] ?? 0) });

await show("GET", "/users");
await show("GET", "/users/1");
await show("POST", "/users", { name: "Eve", avatar: 3 });
await show("POST", "/users", { name: "X", avatar: 9 });

await app.close();
await worker?.stop();

async function show(method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(address + path, {
    method,
    ...(body && {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });
  console.log(`${method} ${path}${body ? ` ${JSON.stringify(body)}` : ""}`);
  console.log(`  ${response.status} ${await response.text()}`);
}
