import type { ResolvedSettings } from "../../settings/settings.ts";

/** The broker's hosts, as people write them. */
function describeHosts({ hosts }: ResolvedSettings): string {
  return hosts.map(({ host, port, tls }) => `${host}:${port}${tls ? " (TLS)" : ""}`).join(", ");
}

/** Where to, and as whom; never with what password. */
export function describeBroker(settings: ResolvedSettings): string {
  const { vhost, username } = settings;
  return `${describeHosts(settings)}, virtual host "${vhost}", user "${username}"`;
}

/** What to do about a broker that does not answer. */
export const HOW_TO_REACH_A_BROKER: string =
  "Start a broker, e.g. docker run --rm -p 127.0.0.1:5672:5672 rabbitmq:4,\n" +
  "or name yours with --url or AMQP_URL.";

/** What to do about a broker that does not let us in. */
export const HOW_TO_BE_LET_IN: string =
  "Check the user name, the password and the virtual host: --url, AMQP_URL, AMQP_….";

/** What to do where the runtime forbids the connection. */
export const HOW_TO_ALLOW: string =
  "Give the command its permissions: deno run -A npm:bgtasks, or --allow-net at least.";

/** Whether an error's message tells that the runtime forbids the connection. */
export function isForbidden(message: string): boolean {
  return message.includes("run it with --allow-net");
}
