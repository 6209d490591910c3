import { readEnvironment } from "../environment.ts";
import { logger } from "../log.ts";
import type { ResolvedSettings } from "../settings.ts";
import { isLoopback } from "../settings.ts";
import { processLoopback } from "./loopback/loopback_broker.ts";
import type { Transport } from "./transport.ts";

/**
 * The transport that settings ask for. RabbitMQ's is loaded when first needed: loopback tests and browser bundles then
 * never see a socket.
 */
export function openTransport(settings: ResolvedSettings): Transport | Promise<Transport> {
  if (!isLoopback(settings)) return loadAMQP(settings);
  warnInProduction();
  return processLoopback;
}

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

async function loadAMQP(settings: ResolvedSettings): Promise<Transport> {
  const { AMQPTransport } = await import("./amqp/amqp_transport.ts");
  return new AMQPTransport(settings);
}
