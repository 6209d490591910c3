/** The one place that knows both sides and both transports, and puts them together. */
import { readEnvironment } from "./settings/environment.ts";
import { logger } from "./log.ts";
import type { ResolvedSettings } from "./settings/settings.ts";
import { isLoopback } from "./settings/settings.ts";
import { rpcTasks, tasksOf } from "./tasks/task_registry.ts";
import { processLoopback } from "./transport/loopback/loopback_broker.ts";
import { LoopbackTransport } from "./transport/loopback/loopback_transport.ts";
import type { Transport } from "./transport/transport.ts";
import { Calls } from "./worker/calls.ts";
import { TaskServer } from "./worker/task_server.ts";

const loopback = /* @__PURE__ */ new LoopbackTransport(processLoopback);

/**
 * The transport that settings ask for. RabbitMQ's is loaded when first needed: loopback tests and browser bundles then
 * never see a socket.
 */
export function openTransport(settings: ResolvedSettings): Transport | Promise<Transport> {
  if (!isLoopback(settings)) return loadAMQP(settings);
  warnInProduction();
  standInForWorkers();
  return loopback;
}

async function loadAMQP(settings: ResolvedSettings): Promise<Transport> {
  const { AMQPTransport } = await import("./transport/amqp/amqp_transport.ts");
  return new AMQPTransport(settings);
}

/**
 * Lets the default registry's tasks be called over the loopback though no worker was started, as tests expect it: a task
 * is served from the moment it is registered until it is deleted. This stands in for the workers of all clients, so it has
 * no limit of its own: each client holds requests and replies to its `maxMessageBytes`.
 */
function standInForWorkers(): void {
  if (isStandingIn) return;
  isStandingIn = true;
  const link = loopback.openConsumer({ onStatus() {} });
  const server = new TaskServer(Infinity);
  const calls = new Calls(Infinity, (inbox) => link.openInbox(inbox));
  processLoopback.standIns.add({
    offers: (route) => rpcTasks.has(route),
    queues: () => [...rpcTasks].map(({ route }) => route),
    serve(route) {
      const task = rpcTasks.get(route);
      if (!task) return () => {};
      const intake = server.serve(link, calls, tasksOf(rpcTasks), task);
      return () => void intake.stop();
    },
  });
}

let isStandingIn = false;

let isWarned = false;

/** A stage that is called "test" may be a deployed one, where every call would quietly stay in its process. */
function warnInProduction(): void {
  if (isWarned || readEnvironment("ENVIRONMENT") !== "test") return;
  if (readEnvironment("NODE_ENV") !== "production") return;
  isWarned = true;
  const message =
    "ENVIRONMENT=test keeps all calls in this process, without a broker, though NODE_ENV is production";
  const log = logger("loopback");
  if (log.isEnabledFor("warn")) log.warn(message);
  // oxlint-disable-next-line no-console -- nobody would hear of it
  else console.warn(`bgtasks: ${message}`);
}
