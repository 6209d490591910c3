import type { ResolvedSettings } from "../settings.ts";
import { rpcTasks } from "../tasks/task_registry.ts";
import { processLoopback } from "../transport/loopback/loopback_broker.ts";
import { TaskServer } from "./task_server.ts";

/**
 * Lets the default registry's tasks be called over the loopback though no worker was started, as tests expect it: a task
 * is served from the moment it is registered until it is deleted.
 */
export function serveDefaultRegistry({ maxMessageBytes }: ResolvedSettings): void {
  if (processLoopback.standIn) return;
  const link = processLoopback.openServer({ onStatus() {} });
  const server = new TaskServer({ registry: rpcTasks, concurrency: Infinity, maxMessageBytes });
  processLoopback.standIn = {
    offers: (route) => rpcTasks.has(route),
    serve(route) {
      const task = rpcTasks.get(route);
      if (!task) return () => {};
      const intake = server.serve(link, task);
      return () => void intake.stop();
    },
  };
}
