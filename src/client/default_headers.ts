import type { MessageHeaders } from "../messages/message.ts";

/** Headers for every call, or what gives them for the calls of a route. */
export type DefaultHeaders = MessageHeaders | ((route: string) => MessageHeaders | undefined);

/** The headers for the calls of a route. */
export function headersFor(
  headers: DefaultHeaders | undefined,
  route: string,
): MessageHeaders | undefined {
  return typeof headers === "function" ? headers(route) : headers;
}

/** The headers of one message over those for its route. */
export function withDefaultHeaders(
  defaults: DefaultHeaders | undefined,
  route: string,
  headers: MessageHeaders | undefined,
): MessageHeaders | undefined {
  if (defaults === undefined) return headers;
  // What is not an object is refused later on, as it is.
  if (headers === null || (headers !== undefined && typeof headers !== "object")) return headers;
  return { ...headersFor(defaults, route), ...headers };
}

/** Whether a value can be an option of this kind. What headers may hold is looked at when they are sent. */
export function isDefaultHeaders(value: unknown): boolean {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}
