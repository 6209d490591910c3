// Tasks whose page is shown in docs/command.md.
import { remoteField, RPCResponse, rpcTasks } from "bgtasks";
import * as v from "valibot";
import { z } from "zod";

const id = v.pipe(v.number(), v.integer(), v.minValue(1));
const image = v.object({ id, path: v.string() });

export const imagesByIds = rpcTasks(
  "images.byIds",
  { input: v.array(id), output: v.array(image), concurrency: 20 },
  (ids) => ids.map((one) => ({ id: one, path: `/images/${one}.jpg` })),
);

export const addUser = rpcTasks(
  "users.add",
  {
    input: v.object({
      username: v.pipe(v.string(), v.minLength(2), v.maxLength(40)),
      mail: v.pipe(v.string(), v.email()),
      image: v.nullable(remoteField(id, { route: "images.byIds" })),
    }),
    timeout: 2_000,
  },
  ({ username }) => RPCResponse({ data: { id: 1, username } }),
);

export const placeOrder = rpcTasks(
  "orders.place",
  {
    input: z.object({
      items: z.array(z.object({ sku: z.string(), count: z.int().min(1) })).min(1),
    }),
    output: z.object({ id: z.uuid(), total: z.number() }),
    queue: { type: "quorum" },
  },
  () => ({ id: crypto.randomUUID(), total: 12.5 }),
);

export const reportNightly = rpcTasks("reports.nightly", () => RPCResponse({ data: "done" }));
