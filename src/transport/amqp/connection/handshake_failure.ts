import { reasonOf } from "./broker_errors.ts";

/** The first byte of the broker's greeting: a method frame. */
const METHOD = 1;

/** The first byte of what TLS answers to bytes that are not TLS: an alert. */
const TLS_ALERT = 21;

/** How the runtimes and the client library say that the other side hung up. */
const CLOSED = /connection ended|socket closed|ECONNRESET|socket disconnected/i;

/** How the TLS libraries say that the answer was not TLS. */
const NOT_TLS = /wrong.version.number|InvalidContentType/i;

/** Says what else the first bytes from a host are when they are not AMQP; `undefined` when they may be. */
export function foreignProtocol(firstBytes: Uint8Array): string | undefined {
  if (firstBytes[0] === METHOD) return undefined;
  return firstBytes[0] === TLS_ALERT
    ? "what listens there speaks TLS: say amqps:// instead of amqp://"
    : "what listens there does not speak AMQP 0-9-1";
}

/**
 * Puts into words what usually lies behind the end of a connection that never was one.
 *
 * @param tls whether we spoke TLS
 * @param heard whether the other side said anything
 */
export function explainHandshake(error: unknown, tls: boolean, heard: boolean): unknown {
  const message = reasonOf(error);
  if (tls && NOT_TLS.test(message))
    return new Error("what listens there does not speak TLS: say amqp:// instead of amqps://");
  if (heard || !CLOSED.test(message)) return error;
  const wanted = tls
    ? "it may want a client certificate (tls: { cert, key })"
    : "the port may want TLS (amqps://)";
  return new Error(
    `the socket closed before the broker said a word: ${wanted}, or a proxy has no broker behind it`,
  );
}
