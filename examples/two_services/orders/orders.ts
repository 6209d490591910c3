/** The orders service: it asks the stock service before it takes an order. */
import { BgtasksError, RPCClient, type TasksOf } from "bgtasks";

// Only types come from the other service; in another repository they come from its package.
type StockTasks = TasksOf<typeof import("../stock/tasks.ts")>;

const client = new RPCClient<StockTasks>();

export async function order(item: string, count: number): Promise<string> {
  try {
    const reply = await client.call("stock.reserve", { item, count }, { timeout: 5_000 });
    if (reply.status === "success") return `ordered, ${reply.data.left} left`;
    return `refused: ${reply.data.count.join(" ")}`;
  } catch (error) {
    // Nobody decided anything: the input was wrong, the service is not there, it is slow, it broke.
    if (error instanceof BgtasksError) return `failed (${error.code}): ${error.message}`;
    throw error;
  }
}

export const close = (): Promise<void> => client.close();
