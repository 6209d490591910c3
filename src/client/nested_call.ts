import type { CallContext } from "../context/call_context.ts";
import { DEPTH_HEADER } from "../context/call_context.ts";
import type { Inherited } from "../context/inherit.ts";
import { inherit, shorten, withInherited } from "../context/inherit.ts";
import type { MessageHeaders } from "../messages/message.ts";
import type { ResolvedSettings } from "../settings/settings.ts";
import { MAX_TIMEOUT } from "../time/max_timeout.ts";
import type { CallOptions } from "./call_options.ts";
import type { ItemStreamOptions } from "./stream_options.ts";

/** Under this a call keeps what its program does not see of the request that it is made within. */
export const NESTING: unique symbol = Symbol("bgtasks.nesting");

export interface Nested {
  readonly [NESTING]?: {
    /** Those of this library. */
    readonly headers: MessageHeaders;
    readonly signal: AbortSignal | undefined;
  };
}

type Nestable = CallOptions | ItemStreamOptions;
type ClientSettings = Pick<ResolvedSettings, "rpcTimeout" | "inheritHeaders">;

/**
 * Options of a call, with what it takes from the request that it is made within.
 *
 * @throws RPCTimeoutError when there is no time left
 * @throws BgtasksError with `code` `"too_many_hops"`
 */
export function nestCall(
  context: CallContext,
  route: string,
  options: CallOptions,
  settings: ClientSettings,
): CallOptions & Nested {
  return nest(options, inherit(context, route, settings), context, settings);
}

/** The same for a stream, which as a whole takes no longer than the time that is left. */
export function nestStream(
  context: CallContext,
  route: string,
  options: ItemStreamOptions,
  settings: ClientSettings,
): ItemStreamOptions & Nested {
  const inherited = inherit(context, route, settings);
  const { left } = inherited;
  const nested = nest(options, inherited, context, settings);
  if (left > MAX_TIMEOUT) return nested;
  return { ...nested, deadline: shorten(options.deadline ?? left, left) };
}

function nest<Options extends Nestable>(
  options: Options,
  { headers, left, depth }: Inherited,
  { signal }: CallContext,
  { rpcTimeout }: ClientSettings,
): Options & Nested {
  const nested: Nestable & Nested = {
    timeout: shorten(options.timeout ?? rpcTimeout, left),
    headers: withInherited(headers, options.headers),
    [NESTING]: { headers: { [DEPTH_HEADER]: depth }, signal },
  };
  return { ...options, ...nested };
}
