import type { MessageHeaders } from "../messages/message.ts";
import type { ItemsToSend } from "./item_sender.ts";

/** One call as a client's middleware sees it. */
export interface ClientCall {
  /** The route that is called. */
  readonly route: string;
  /** What the task is called with. */
  readonly input: unknown;
  /** In milliseconds; `undefined` for the setting rpcTimeout. */
  readonly timeout: number | undefined;
  /** Gives the call up. */
  readonly signal: AbortSignal | undefined;
  /** Those of the client and of the call. */
  readonly headers: MessageHeaders | undefined;
  /** Whether the call goes out again when the link drops meanwhile. */
  readonly retry: boolean | undefined;
  /** Items that are sent along; not there where there are none. */
  readonly send?: ItemsToSend | undefined;
}

/**
 * Stands between a program and its calls: it may change a call before it goes out, look at the reply or the error that
 * comes back, answer by itself, or make the call again.
 *
 * @param next makes the call, with the given fields in place of the call's own, and resolves with the reply
 * @example
 * ```ts
 * import { RPCClient } from "bgtasks";
 * import type { ClientMiddleware } from "bgtasks";
 *
 * const traced: ClientMiddleware = (call, next) =>
 *   next({ headers: { ...call.headers, trace: crypto.randomUUID() } });
 * const client = new RPCClient({ use: [traced], settings: { environment: "test" } });
 * await client.close();
 * ```
 */
export type ClientMiddleware = (
  call: ClientCall,
  next: (changes?: Partial<Omit<ClientCall, "route">>) => Promise<unknown>,
) => Promise<unknown>;

/** What is done with a call. */
export type MakeCall = (call: ClientCall) => Promise<unknown>;

/** What makes a call, with middleware around it, the first of them outermost. */
export function withClientMiddleware(use: readonly ClientMiddleware[], make: MakeCall): MakeCall {
  return use.reduceRight<MakeCall>((next, middleware) => {
    return async (call) => middleware(call, (changes) => next({ ...call, ...changes }));
  }, make);
}
