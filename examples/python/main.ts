/**
 * `npm run example -- python`
 *
 * A service in Python beside one in TypeScript, on one broker: each calls the other. Needs AMQP_URL, and a Python 3 with
 * pika (`pip install pika`, or Debian's python3-pika); PYTHON names another one than python3.
 */
import { RPCClient, Worker } from "bgtasks";

import { startPython } from "./start_python.ts";
import { UserSerializer } from "./users/tasks.ts";

const python = await startPython(new URL("./images/service.py", import.meta.url));
const worker = new Worker();
await worker.start();
const client = new RPCClient();

// TypeScript calls Python: by a serializer, one call for all rows, as to any other service …
const users = [
  { id: 1, name: "Tom", photo: 7 },
  { id: 2, name: "Bob", photo: 8 },
  { id: 3, name: "Ann", photo: null },
];
console.log(JSON.stringify(await UserSerializer.serialize(users, { client })));

// … and by a call, in which Python in turn calls TypeScript.
console.log(await client.call("photos.caption", 7, { timeout: 10_000 }));
console.log(await client.call("photos.caption", 8, { timeout: 10_000 }));

await client.close();
await worker.stop();
await python.stop();
