/** The images service. */
import { RPCResponse, rpcTasks } from "bgtasks";
import * as v from "valibot";

const images = [1, 2, 3].map((id) => ({ id, path: `/images/${id}.jpg` }));

export const avatarsByIds = rpcTasks(
  "avatars.byIds",
  { input: v.array(v.pipe(v.number(), v.integer())) },
  (ids) => RPCResponse({ data: images.filter(({ id }) => ids.includes(id)) }),
);
