// The users service as a program: it calls the images service, in whatever process that runs.
import { RPCClient, RPCResponse } from "bgtasks";
import type { TasksOf } from "bgtasks";

import { users, UserSerializer } from "./users.ts";

// Route, input and reply are checked by the compiler: try another route, or [1, "2"].
const client = new RPCClient<TasksOf<typeof import("../images/tasks.ts")>>();
const reply = await client.call("images.byIds", [1, 2], { timeout: 5_000 });
for (const { id, path } of RPCResponse.unwrap(reply)) console.log(`image ${id} is ${path}`);

for (const user of await UserSerializer.serialize(users)) {
  console.log(`${user.username} has ${user.image?.path ?? "no image"}`);
}
await client.close();
