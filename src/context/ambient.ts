import type { TaskContext } from "../tasks/rpc_task.ts";
import type { CallContext } from "./call_context.ts";

/** Knows within which request the code that asks runs. */
export interface AmbientContext {
  current(): CallContext | undefined;
  /** Runs a handler so that the code within it has this context. */
  run(
    handler: (input: unknown, ctx: TaskContext) => unknown,
    input: unknown,
    ctx: TaskContext,
  ): unknown;
}

/** Set by `bgtasks/async-context`. */
export let ambient: AmbientContext | undefined;

export function setAmbient(context: AmbientContext | undefined): void {
  ambient = context;
}

/** What a call is made within, by its option; without one, by where it is made, if that is known. */
export function contextFor(within: CallContext | null | undefined): CallContext | undefined {
  return within === undefined ? ambient?.current() : (within ?? undefined);
}
