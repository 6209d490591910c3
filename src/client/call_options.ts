import { isSignal } from "../context/abort.ts";
import type { CallContext } from "../context/call_context.ts";
import { CALL_CONTEXT_RULE, isWithin } from "../context/call_context.ts";
import { BgtasksError } from "../errors.ts";
import type { MessageHeaders } from "../messages/message.ts";
import { MAX_TIMEOUT } from "../time/max_timeout.ts";
import { didYouMean } from "../options/option_rules.ts";
import { nameOf } from "../options/rules.ts";
import type { ItemsToSend } from "./item_sender.ts";
import { findSendProblem } from "./item_sender.ts";

/** Options of one call. */
export interface CallOptions<Sent = unknown> {
  /** How long to wait for the reply, in milliseconds. @default {the setting rpcTimeout} */
  readonly timeout?: number | undefined;
  /** Gives the call up; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Sent along, for the handler's `ctx.headers`. */
  readonly headers?: MessageHeaders | undefined;
  /** Send the call again when the link drops while it is out. Only for handlers that may run twice. @default {false} */
  readonly retry?: boolean | undefined;
  /**
   * The `ctx` of the handler that makes the call: the call then ends with the request that is being answered, its timeout gets no
   * longer than the time that is left, and trace headers go along, and those that the setting `inheritHeaders` names.
   * @default {nothing, or with `bgtasks/async-context` the handler's; null for nothing in any case}
   */
  readonly within?: CallContext | null | undefined;
  /**
   * Items for the handler of a task that has the option `receives`. They are asked for as the handler takes them, and ended by
   * `return()` when the call is over before they are. What they throw the call rejects with.
   */
  readonly send?: ItemsToSend<Sent> | undefined;
}

const KNOWN = ["timeout", "signal", "headers", "retry", "within", "send"];

/**
 * Checks what nothing else does before a call goes out: the names of its options, and the types of two of them. By hand,
 * because it is on the way of every call.
 *
 * @throws BgtasksError with `code` `"invalid_options"`
 */
export function checkCallOptions(route: string, options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw invalid(route, `its options must be an object: ${nameOf(options)}`);
  }
  for (const key in options) {
    if (!KNOWN.includes(key))
      throw invalid(route, `${key} is not an option${didYouMean(key, KNOWN)}`);
  }
  const { signal, retry, within, send } = options as {
    readonly signal?: unknown;
    readonly retry?: unknown;
    readonly within?: unknown;
    readonly send?: unknown;
  };
  if (signal !== undefined && !isSignal(signal)) {
    throw invalid(route, `signal must be an AbortSignal: ${nameOf(signal)}`);
  }
  if (retry !== undefined && typeof retry !== "boolean") {
    throw invalid(route, `retry must be true or false: ${nameOf(retry)}`);
  }
  if (within !== undefined && !isWithin(within)) {
    throw invalid(route, `within ${CALL_CONTEXT_RULE}: ${nameOf(within)}`);
  }
  if (send === undefined) return;
  const problem = findSendProblem(send, "retry", retry);
  if (problem !== undefined) throw invalid(route, problem);
}

function invalid(route: string, rule: string): BgtasksError {
  return new BgtasksError("invalid_options", `Cannot call "${route}" as ${rule}`);
}

/** @throws BgtasksError with `code` `"invalid_timeout"` */
export function checkTimeout(route: string, timeout: unknown): void {
  if (typeof timeout === "number" && timeout > 0 && timeout <= MAX_TIMEOUT) return;
  const rule = `its timeout must be a number of milliseconds above 0, at most ${MAX_TIMEOUT}`;
  throw new BgtasksError(
    "invalid_timeout",
    `Cannot call "${route}" as ${rule}: ${typeof timeout === "number" ? timeout : typeof timeout}`,
  );
}
