import { rpcTasks } from "../tasks/task_registry.ts";
import { processLoopback } from "../transport/loopback/loopback_broker.ts";
import { TaskServer } from "./task_server.ts";

/**
 * Lets the default registry's tasks be called over the loopback though no worker was started, as tests expect it: a task
 * is served from the moment it is registered until it is deleted. It stands in for the workers of all clients, so it has
 * no limit of its own: each client holds requests and replies to its `maxMessageBytes`.
 */
export function serveDefaultRegistry(): void {
  if (processLoopback.standIn) return;
  const link = processLoopback.openServer({ onStatus() {} });
  const limits = { concurrency: Infinity, maxMessageBytes: Infinity };
  const server = new TaskServer({ registry: rpcTasks, ...limits });
  processLoopback.standIn = {
    offers: (route) => rpcTasks.has(route),
    routes: () => [...rpcTasks].map(({ route }) => route),
    serve(route) {
      const task = rpcTasks.get(route);
      if (!task) return () => {};
      const intake = server.serve(link, task);
      return () => void intake.stop();
    },
  };
}
