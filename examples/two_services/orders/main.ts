import { close, order } from "./orders.ts";

console.log(`2 tea: ${await order("tea", 2)}`);
console.log(`2 tea: ${await order("tea", 2)}`);
console.log(`1 coffee: ${await order("coffee", 1)}`);
console.log(`0 tea: ${await order("tea", 0)}`);
await close();
