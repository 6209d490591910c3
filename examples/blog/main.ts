/**
 * `npm run example -- blog`
 *
 * Three services with a database each: users, their posts with comments, and avatars. Users have many posts, posts many
 * comments, and a comment is text or a picture. Prints each call that the other services get: however many users there
 * are, there is one for each kind of row and level. Without a broker all run in this process; with AMQP_URL set the other
 * two are workers of their own.
 */
import process from "node:process";

import { configure } from "bgtasks";

import { startWorker } from "../start_worker.ts";
import { database, users } from "./users/database.ts";
import { UserSerializer } from "./users/serializers.ts";

const services = ["avatars", "posts"].map((name) => new URL(`./${name}/tasks.ts`, import.meta.url));
const overBroker = Boolean(process.env["AMQP_URL"]);
if (!overBroker) {
  configure({ environment: "test" });
  for (const { href } of services) await import(href);
}
const workers = overBroker ? await Promise.all(services.map(startWorker)) : [];

const rows = await database.select().from(users);
show("everything", await UserSerializer.serialize(rows));
show("avatars alone", await UserSerializer.serialize(rows, { include: ["avatar"] }));
show("posts of one", await UserSerializer.serialize(rows.slice(0, 1), { include: ["posts"] }));

const wrong = await UserSerializer.validate({ name: "X", avatar: 9 });
if (!wrong.success) show("refused", wrong.errors);
const right = await UserSerializer.validate({ name: "Eve", avatar: 3 });
if (right.success) {
  const [eve] = await database.insert(users).values(right.output).returning();
  if (eve) show("stored", await UserSerializer.serialize(eve));
}

await Promise.all(workers.map((worker) => worker.stop()));

function show(title: string, value: unknown): void {
  console.log(`= ${title} ${JSON.stringify(value)}`);
}
