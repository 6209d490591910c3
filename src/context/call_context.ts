import { isSignal } from "./abort.ts";

/**
 * What a call can be made within: the `ctx` of any handler, of a call, a stream or a job. A program that is not a handler, such as
 * an HTTP server, may make one for the request that it answers.
 *
 * @example
 * ```ts
 * import type { CallContext } from "bgtasks";
 *
 * function contextOf(request: Request): CallContext {
 *   const traceparent = request.headers.get("traceparent");
 *   return {
 *     headers: traceparent === null ? {} : { traceparent },
 *     signal: request.signal,
 *     deadline: Date.now() + 5_000,
 *   };
 * }
 * ```
 */
export interface CallContext {
  /** Those of `traceparent`, `tracestate` and `baggage` go along, and those that the setting `inheritHeaders` names. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** When the call has to be over, in milliseconds since 1970 by this machine's clock. */
  readonly deadline: number | undefined;
  /** Gives the call up. */
  readonly signal: AbortSignal | undefined;
}

/** Under this a context that is made of another keeps how many calls deep its request is. Programs never see it. */
export const DEPTH: unique symbol = Symbol("bgtasks.depth");

/** The header with how many calls deep a request is; one that was made within no other has none. */
export const DEPTH_HEADER = "bgtasks-depth";

/** How deep a request says that it is. A peer may have written anything. */
function readDepth(headers: Readonly<Record<string, unknown>>): number {
  const depth = headers[DEPTH_HEADER];
  if (typeof depth !== "number" && typeof depth !== "bigint") return 0;
  return depth > 0 ? Math.trunc(Number(depth)) : 0;
}

/** What handlers have as their context, of which their type shows a part. */
interface HandlerContext extends CallContext {
  readonly [DEPTH]?: number;
  readonly delivery?: { readonly message: { readonly headers: CallContext["headers"] } };
}

/** How many calls deep a context's request is. */
export function depthOf(context: CallContext): number {
  const { [DEPTH]: depth, delivery } = context as HandlerContext;
  return depth ?? (delivery ? readDepth(delivery.message.headers) : 0);
}

/** Says what `within` must be. */
export const CALL_CONTEXT_RULE =
  "must be a handler's ctx itself, not a copy, or null, or an object with headers, deadline and signal";

/** Whether a value may be given as `within`. */
export function isWithin(value: unknown): value is CallContext | null {
  if (value === null) return true;
  if (typeof value !== "object") return false;
  if (!("headers" in value && "deadline" in value && "signal" in value)) return false;
  const { headers, deadline, signal } = value;
  const isTime = typeof deadline === "number" && !Number.isNaN(deadline);
  if (typeof headers !== "object" || headers === null) return false;
  return (deadline === undefined || isTime) && (signal === undefined || isSignal(signal));
}
