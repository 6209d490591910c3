// The images service. `bgtasks worker` finds every tasks.ts, serves its tasks and does its jobs.
import { jobTasks, RPCResponse, rpcTasks } from "bgtasks";
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

// A job has no reply: it is stored, done later, and tried again when its handler throws.
export const resizeImage = jobTasks(
  "images.resize",
  { input: v.object({ id: v.number(), width: v.number() }), retry: { attempts: 5 } },
  ({ id, width }, ctx) => {
    if (!paths.has(id)) ctx.giveUp(`there is no image ${id}`);
    console.log(`image ${id} is ${width} pixels wide now`);
  },
);
