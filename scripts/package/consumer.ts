// What a user's program looks like; compiled against the packed package by several compilers.
import { configure, RPCClient, RPCResponse, rpcTasks, Worker } from "bgtasks";
import * as v from "valibot";

configure({ environment: "test" });

export const double = rpcTasks("double", { input: v.number() }, (input) =>
  RPCResponse({ data: input * 2 }),
);

export const worker: Worker = new Worker();

export async function call(): Promise<unknown> {
  await using client = new RPCClient();
  return await client.call("double", 21);
}
