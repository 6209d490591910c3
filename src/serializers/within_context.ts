import type { CallContext } from "../context/call_context.ts";
import { contextFor } from "../context/ambient.ts";
import { withoutSignal } from "../context/inherit.ts";
import { Stop } from "../context/abort.ts";
import type { SerializeOptions } from "./serializer_options.ts";

/**
 * Does work that ends with the request that it is done within, if there is one.
 *
 * @param ownSignal ends it where the options have no signal
 */
export function withinContext<Options extends SerializeOptions, Result>(
  options: Options,
  ownSignal: AbortSignal | undefined,
  work: (options: Options) => Promise<Result>,
): Promise<Result> {
  const context = contextFor(options.within);
  return context ? endingWith(context, options, ownSignal, work) : work(options);
}

async function endingWith<Options extends SerializeOptions, Result>(
  context: CallContext,
  options: Options,
  ownSignal: AbortSignal | undefined,
  work: (options: Options) => Promise<Result>,
): Promise<Result> {
  const stop = new Stop(options.signal ?? ownSignal, context.signal);
  try {
    // The one signal stands for both.
    return await work({ ...options, signal: stop.signal, within: withoutSignal(context) });
  } finally {
    stop.detach();
  }
}
