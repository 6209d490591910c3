/** The stock service: it knows what is on the shelf. */
import { RPCResponse, rpcTasks } from "bgtasks";
import * as v from "valibot";

const shelf = new Map([
  ["tea", 3],
  ["coffee", 0],
]);

export const reserve = rpcTasks(
  "stock.reserve",
  { input: v.object({ item: v.string(), count: v.pipe(v.number(), v.integer(), v.minValue(1)) }) },
  ({ item, count }) => {
    const left = shelf.get(item) ?? 0;
    if (left < count) return RPCResponse({ errors: { count: [`Only ${left} left.`] } });
    shelf.set(item, left - count);
    return RPCResponse({ data: { item, left: left - count } });
  },
);
