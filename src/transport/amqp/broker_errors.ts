import { ConnectionLostError, ConnectionRefusedError } from "../../errors.ts";

/** Replies of the broker that another attempt would only repeat: no access, no such virtual host. */
const REFUSALS = new Set(["403", "530"]);

/** RabbitMQ 4 says so, in an INTERNAL_ERROR (541), of queues that are neither durable nor exclusive, and of other old features. */
const NOT_PERMITTED = /Feature `\w+` is deprecated.*not permitted/s;

/**
 * Turns an error of the socket or of the client library into ours. Only its message is taken: the object holds the
 * connection and with it the password.
 */
export function toConnectionError(
  error: unknown,
  where: string,
): ConnectionLostError | ConnectionRefusedError {
  if (error instanceof ConnectionLostError || error instanceof ConnectionRefusedError) return error;
  const message = describe(error);
  if (REFUSALS.has(replyCode(message)) || NOT_PERMITTED.test(message)) {
    return new ConnectionRefusedError(
      `Cannot use the broker at ${where} as it refused us: ${message}`,
    );
  }
  return new ConnectionLostError(`Cannot reach the broker at ${where}: ${message}`);
}

/** The AMQP reply code at the end of a message, as the client library writes it; empty if there is none. */
export function replyCode(message: string): string {
  return /\((\d{3})\)$/.exec(message)?.[1] ?? "";
}

/** What went wrong, in words. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join("; ");
  return error instanceof Error ? error.message : String(error);
}
