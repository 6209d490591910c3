import type { BrokerHost } from "../../settings/settings.ts";
import { HOW_TO_ALLOW, HOW_TO_REACH_A_BROKER, isForbidden } from "../project/broker_address.ts";

const [PORT, TLS_PORT] = [5_672, 5_671];

/** What to do about TLS, by what the runtimes and their TLS libraries say. The first that fits counts. */
const TLS_REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /does not match certificate/i,
    "Reach it by a name that is in its certificate, or tell that name by the setting `tls: { servername }`.",
  ],
  [/expired|not yet valid/i, "Have the broker's certificate renewed, or this machine's clock set."],
  [
    /certificate|UnknownIssuer/i,
    "Tell who signed the broker's certificate: the text of the authority's, by the setting `tls: { ca }`.",
  ],
  [
    /does not speak TLS/,
    `Say amqp:// instead of amqps://, or name the port that speaks TLS, ${TLS_PORT} most often.`,
  ],
];

/** What to do about a host that cannot be reached, by what it or the system answered. */
export function connectRemedy({ host, port, tls }: BrokerHost, message: string): string {
  if (isForbidden(message)) return HOW_TO_ALLOW;
  if (tls) {
    const [, remedy] = TLS_REMEDIES.find(([pattern]) => pattern.test(message)) ?? [];
    if (remedy !== undefined) return remedy;
  } else if (message.includes("speaks TLS")) {
    return "Say amqps:// instead of amqp://, or name the port without TLS, 5672 most often.";
  } else if (message.includes("does not speak AMQP")) {
    return (
      `Is ${host}:${port} a broker at all?\n` +
      `Brokers listen on port ${PORT} most often, and with TLS on ${TLS_PORT}.`
    );
  }
  if (message.includes("before the broker said a word")) {
    const tlsToo = tls ? "" : " If that port wants TLS, say amqps:// instead of amqp://.";
    return (
      `Something listens on ${host}:${port} and hangs up.${tlsToo}\n` +
      "If it is a proxy or a load balancer, look whether the broker behind it runs."
    );
  }
  if (port === PORT || port === TLS_PORT) return HOW_TO_REACH_A_BROKER;
  const usual = tls ? TLS_PORT : PORT;
  return `${HOW_TO_REACH_A_BROKER}\nBrokers listen on port ${usual} most often: is ${host}:${port} one?`;
}
