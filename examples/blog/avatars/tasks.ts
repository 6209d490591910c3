/** The avatars service: it owns the pictures and gives them out by their ids. */
import { type RPCTask, rpcTasks } from "bgtasks";
import { inArray } from "drizzle-orm";
import * as v from "valibot";

import { avatars, database } from "./database.ts";

export interface Avatar {
  readonly id: number;
  readonly path: string;
}

export const avatarsByIds: RPCTask<"blog.avatarsByIds", number[], Avatar[]> = rpcTasks(
  "blog.avatarsByIds",
  { input: v.array(v.number()) },
  async (ids) => {
    console.log(`blog.avatarsByIds ${JSON.stringify(ids)}`);
    return database.select().from(avatars).where(inArray(avatars.id, ids));
  },
);
