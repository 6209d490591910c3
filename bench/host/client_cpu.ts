// A process of `npm run bench -- client`: microseconds of CPU for a call, of a client and the broker that echoes in its process.
import { pathToFileURL } from "node:url";

import type * as Library from "../../mod.ts";
import { findPayload } from "../payloads.ts";
import { openEchoBroker } from "./echo_broker.ts";

const IN_FLIGHT = 100;
/** Calls for each look at the clock, calls of one that is large, and looks. */
const [CALLS, LARGE_CALLS, LOOKS] = [20_000, 400, 12];

const [module = "", payload = ""] = process.argv.slice(2);
const { RPCClient } = (await import(pathToFileURL(module).href)) as typeof Library;
const { value } = findPayload(payload);
const broker = await openEchoBroker();
const client = new RPCClient({ settings: { url: broker.url, environment: "" } });
const calls = payload === "100KB" ? LARGE_CALLS : CALLS;

async function drive(count: number): Promise<void> {
  let left = count;
  const callOn = async (): Promise<void> => {
    while (left-- > 0) await client.call("echo", value);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, callOn));
}

await drive(3 * calls);
let least = Infinity;
for (let look = 0; look < LOOKS; look++) {
  const before = process.cpuUsage();
  await drive(calls);
  const { user, system } = process.cpuUsage(before);
  least = Math.min(least, (user + system) / calls);
}
console.log(least);
// The broker takes no goodbye any more.
process.exit(0);
