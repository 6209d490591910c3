import { BgtasksError, RPCTimeoutError } from "../errors.ts";
import type { MessageHeaders } from "../messages/message.ts";
import type { ResolvedSettings } from "../settings/settings.ts";
import type { CallContext } from "./call_context.ts";
import { DEPTH, depthOf } from "./call_context.ts";

/** A request this deep makes no further ones: services that call each other in a circle come to an end. */
const MAX_DEPTH = 32;

/** What every call within another takes along, so that a trace stays one: https://www.w3.org/TR/trace-context/ */
const TRACE_HEADERS = ["traceparent", "tracestate", "baggage"];

/** What a request takes from the one that it is made within. */
export interface Inherited {
  readonly headers: MessageHeaders;
  /** How many milliseconds are left. */
  readonly left: number;
  readonly depth: number;
}

/**
 * What a request takes from a context.
 *
 * @param verb what is done with the route, for messages
 * @throws RPCTimeoutError when there is no time left
 * @throws BgtasksError with `code` `"too_many_hops"`
 */
export function inherit(
  context: CallContext,
  route: string,
  { inheritHeaders }: Pick<ResolvedSettings, "inheritHeaders">,
  verb = "call",
): Inherited {
  const { headers, deadline = Infinity } = context;
  const left = deadline - Date.now();
  if (left <= 0) {
    const rule = "the request that it is made within has no time left";
    throw new RPCTimeoutError(route, 0, undefined, rule);
  }
  const depth = depthOf(context) + 1;
  if (depth > MAX_DEPTH) {
    const rule = `the request that it is made within is ${MAX_DEPTH} calls deep: do services call each other in a circle?`;
    throw new BgtasksError("too_many_hops", `Cannot ${verb} "${route}", because ${rule}`);
  }
  return { headers: pick(headers, [...TRACE_HEADERS, ...inheritHeaders]), left, depth };
}

/** Headers over those that are inherited. What is not an object stays, to be refused as ever. */
export function withInherited(
  inherited: MessageHeaders,
  own: MessageHeaders | undefined,
): MessageHeaders | undefined {
  if (own === undefined) return inherited;
  const isObject = typeof own === "object" && own !== null && !Array.isArray(own);
  return isObject ? { ...inherited, ...own } : own;
}

/** Of an own timeout and the time that is left, the shorter. What is not a time stays, to be refused as ever. */
export function shorten(timeout: number, left: number): number {
  return timeout > left ? left : timeout;
}

/** A context for calls that another signal ends. */
export function withoutSignal(context: CallContext): CallContext {
  const rest = { headers: context.headers, deadline: context.deadline, signal: undefined };
  return Object.assign(rest, { [DEPTH]: depthOf(context) });
}

/** The headers of a context that may change an answer: all but those of its trace. */
export function meaningfulHeaders({ headers }: CallContext): Readonly<Record<string, unknown>> {
  const entries = Object.entries(headers).filter(([name]) => !TRACE_HEADERS.includes(name));
  return Object.fromEntries(entries);
}

/** What AMQP has beside these, such as tables and dates, has no place among the headers that are sent. */
function pick(
  headers: Readonly<Record<string, unknown>>,
  names: readonly string[],
): MessageHeaders {
  const picked: Record<string, string | number | boolean> = {};
  for (const name of names) {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (typeof value === "string" || typeof value === "boolean") picked[name] = value;
    else if (typeof value === "number" && Number.isFinite(value)) picked[name] = value;
  }
  return picked;
}
