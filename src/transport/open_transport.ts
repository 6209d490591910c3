import type { ResolvedSettings } from "../settings.ts";
import { isLoopback } from "../settings.ts";
import { processLoopback } from "./loopback/loopback_broker.ts";
import type { Transport } from "./transport.ts";

/**
 * The transport that settings ask for. RabbitMQ's is loaded when first needed: loopback tests and browser bundles then
 * never see a socket.
 */
export function openTransport(settings: ResolvedSettings): Transport | Promise<Transport> {
  return isLoopback(settings) ? processLoopback : loadAMQP(settings);
}

async function loadAMQP(settings: ResolvedSettings): Promise<Transport> {
  const { AMQPTransport } = await import("./amqp/amqp_transport.ts");
  return new AMQPTransport(settings);
}
