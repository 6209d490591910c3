import { ConnectionLostError, ConnectionRefusedError } from "../../../errors.ts";

/** Replies of the broker that another attempt would only repeat: no access, no such virtual host. */
const REFUSALS = new Set(["403", "530"]);

/** Says RabbitMQ when a user or a virtual host has as many connections as it may, e.g. one that is gone without its knowing. */
const AT_LIMIT = /\blimit\b.* is reached/s;

/** Says RabbitMQ when it closes the channel (406) of whoever sent too large a message. */
const TOO_LARGE = /message size \d+ is larger than configured max size (\d+)/;

/** RabbitMQ 4 says so, in an INTERNAL_ERROR (541), of queues that are neither durable nor exclusive, and of other old features. */
const NOT_PERMITTED = /Feature `\w+` is deprecated.*not permitted/s;

/** Says the client library of a channel before what the broker said of the connection. */
const CLOSED_WITH_CONNECTION = /^Channel \d+ closed: connection closed: /;

/**
 * Turns an error of the socket or of the client library into ours. Only its message is taken: the object holds the
 * connection and with it the password.
 */
export function toConnectionError(
  error: unknown,
  where: string,
): ConnectionLostError | ConnectionRefusedError {
  if (error instanceof ConnectionLostError || error instanceof ConnectionRefusedError) return error;
  const message = reasonOf(error).replace(CLOSED_WITH_CONNECTION, "");
  const guard = whoForbids(message);
  if (guard !== undefined) {
    return new ConnectionRefusedError(
      `Cannot reach the broker at ${where} because ${guard} does not let this program use the network: run it with --allow-net`,
    );
  }
  const isRefusal = REFUSALS.has(replyCode(message)) && !AT_LIMIT.test(message);
  if (isRefusal || NOT_PERMITTED.test(message)) {
    return new ConnectionRefusedError(
      `Cannot use the broker at ${where} as it refused us: ${message}`,
    );
  }
  return new ConnectionLostError(`Cannot reach the broker at ${where}: ${message}`);
}

/** The runtime whose permissions forbid a connection; undefined when something else failed. The client library keeps only messages. */
function whoForbids(message: string): "Deno" | "Node" | undefined {
  if (message.includes("ERR_ACCESS_DENIED")) return "Node";
  // Deno tells of an address by the one, and of a host name by the other, which elsewhere is a firewall.
  const isDenied = message.includes("Requires net access to") || message.includes(" EPERM ");
  return isDenied && "Deno" in globalThis ? "Deno" : undefined;
}

/** Says the broker when something exists with other properties than it is declared with. */
export const PRECONDITION_FAILED = "406";

/** Says the broker when there is no such queue or exchange. */
export const NOT_FOUND = "404";

/** The largest message that the broker takes, if an error says so, in bytes. */
export function readSizeLimit(error: unknown): number {
  const limit = TOO_LARGE.exec(reasonOf(error))?.[1];
  return limit === undefined ? Infinity : Number(limit);
}

/** The AMQP reply code at the end of a message, as the client library writes it; empty if there is none. */
export function replyCode(message: string): string {
  return /\((\d{3})\)$/.exec(message)?.[1] ?? "";
}

/** What went wrong, in words. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
