/** Runs both services, the stock service as a worker in a process of its own. The README has them in two terminals. */
import { startWorker } from "../start_worker.ts";

const worker = await startWorker(new URL("./stock/tasks.ts", import.meta.url));
await import("./orders/main.ts");
await worker.stop();
