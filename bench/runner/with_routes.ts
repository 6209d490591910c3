import { findBroker, howToGetABroker } from "../../scripts/broker/find_broker.ts";
import { onInterrupt } from "../../scripts/cleanup.ts";
import { removeQueues } from "./remove_queues.ts";

/** Runs `use` with a broker and names for queues, which are deleted afterwards. */
export async function withRoutes(
  count: number,
  use: (url: string, routes: readonly string[]) => Promise<void>,
): Promise<void> {
  const broker = await findBroker();
  if (!broker) throw new Error(`Cannot measure without a broker: ${howToGetABroker}`);
  const id = crypto.randomUUID().slice(0, 8);
  const routes = Array.from({ length: count }, (_, index) => `bgtasks-bench-${id}-${index}`);
  const forget = onInterrupt(async () => {
    await removeQueues(broker.url, routes);
    await broker.stop();
  });
  try {
    await use(broker.url, routes);
  } finally {
    await removeQueues(broker.url, routes);
    forget();
    await broker.stop();
  }
}
