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

/** Whether a value can be an option of this kind. What headers may hold is looked at when they are sent. */
export function isDefaultHeaders(value: unknown): boolean {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}
