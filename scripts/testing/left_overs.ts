import type { Inventory } from "../broker/broker.ts";

/** Time for the broker to notice that connections are gone, in ms. */
const patience = 5_000;

/** What the jobs of all programs on a broker share. It stays: nobody knows who else uses it. */
const SHARED = /^bgtasks\.(?:dead$|v1\.)/;

/** What is on the broker that was not there before, once that is nothing or the broker has had its time. */
export async function leftOvers(
  before: Inventory,
  inventory: () => Promise<Inventory>,
): Promise<Inventory> {
  const deadline = Date.now() + patience;
  for (;;) {
    const now = await inventory();
    const left = {
      queues: now.queues.filter((name) => !before.queues.includes(name) && !SHARED.test(name)),
      connections: now.connections.filter((name) => !before.connections.includes(name)),
    };
    if (left.queues.length + left.connections.length === 0 || Date.now() > deadline) return left;
  }
}
