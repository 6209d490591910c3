import { RPCResponse, rpcTasks } from "bgtasks";
import * as v from "valibot";

const images = [
  { id: 1, path: "/images/tom.jpg" },
  { id: 2, path: "/images/bob.jpg" },
];

/** Stands in for the services behind the page, e.g. while they are not there yet: tasks that the page itself serves. */
export function offerTasks(): void {
  rpcTasks("images.byIds", { input: v.array(v.number()) }, (ids) =>
    RPCResponse({ data: images.filter(({ id }) => ids.includes(id)) }),
  );
  rpcTasks("users.list", () => [
    { id: 1, name: "Tom", image: 1 },
    { id: 2, name: "Bob", image: 2 },
    { id: 3, name: "Ann", image: null },
  ]);
}
