// The images service. `bgtasks worker` finds every tasks.ts and serves what it registers.
import { RPCResponse, rpcTasks } from "bgtasks";
import * as v from "valibot";

const paths = new Map([
  [1, "/images/tom.jpg"],
  [2, "/images/bob.jpg"],
]);

export const imagesByIds = rpcTasks(
  "images.byIds",
  { input: v.array(v.pipe(v.number(), v.integer())) },
  (ids) => {
    const images = ids.map((id) => ({ id, path: paths.get(id) }));
    return RPCResponse({ data: images.filter(({ path }) => path !== undefined) });
  },
);
