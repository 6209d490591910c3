/** The images service: it owns the images and gives them out by their ids. */
import { RPCResponse, type RPCSuccess, type RPCTask, rpcTasks } from "bgtasks";
import { inArray } from "drizzle-orm";
import * as v from "valibot";

import { database, images } from "./database.ts";

export interface Image {
  readonly id: number;
  readonly path: string;
}

export const imagesByIds: RPCTask<"gallery.byIds", number[], RPCSuccess<Image[]>> = rpcTasks(
  "gallery.byIds",
  { input: v.array(v.pipe(v.number(), v.integer())) },
  async (ids) => {
    const data = await database.select().from(images).where(inArray(images.id, ids));
    return RPCResponse({ data });
  },
);
