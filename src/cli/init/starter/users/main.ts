// The users service as a program: it calls the images service, in whatever process that runs.
import { JobClient, RPCClient, RPCResponse } from "bgtasks";
import type { TasksOf } from "bgtasks";

import { users, UserSerializer } from "./users.ts";

type Images = TasksOf<typeof import("../images/tasks.ts")>;

// Route, input and reply are checked by the compiler: try another route, or [1, "2"].
const client = new RPCClient<Images>();
const reply = await client.call("images.byIds", [1, 2], { timeout: 5_000 });
for (const { id, path } of RPCResponse.unwrap(reply)) console.log(`image ${id} is ${path}`);

for (const user of await UserSerializer.serialize(users)) {
  console.log(`${user.username} has ${user.image?.path ?? "no image"}`);
}
await client.close();

// Resolves when the job is stored: the worker does it, now or when it is there again.
const jobs = new JobClient<Images>();
await jobs.send("images.resize", { id: 1, width: 200 }, { id: "resize-1" });
console.log("image 1 will be resized");
await jobs.close();
