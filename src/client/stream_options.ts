import { isSignal } from "../context/abort.ts";
import type { CallContext } from "../context/call_context.ts";
import { CALL_CONTEXT_RULE, isWithin } from "../context/call_context.ts";
import { BgtasksError } from "../errors.ts";
import type { MessageHeaders } from "../messages/message.ts";
import { describeProblems, milliseconds, optionsOf } from "../options/option_rules.ts";
import type { Rule } from "../options/rules.ts";
import { anything, must, wholeNumber } from "../options/rules.ts";
import { MAX_WINDOW } from "../streams/window.ts";
import type { ItemsToSend } from "./item_sender.ts";
import { findSendProblem } from "./item_sender.ts";

/** Options of one stream. */
export interface ItemStreamOptions<Item = unknown, Input = unknown, Sent = unknown> {
  /**
   * How long to wait until a worker begins, in milliseconds. After that the stream may take its time.
   * @default {the setting rpcTimeout}
   */
  readonly timeout?: number | undefined;
  /** How long the whole stream may take, in milliseconds: the handler's `ctx.deadline`. @default {no limit} */
  readonly deadline?: number | undefined;
  /** Gives the stream up; the loop over it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Sent along, for the handler's `ctx.headers`. */
  readonly headers?: MessageHeaders | undefined;
  /**
   * How many bytes of items the worker may send ahead of the reader. With 1 it makes the next item when the one before is
   * taken.
   * @default {262_144, which grows up to 1_048_576 while the reader takes all that comes}
   */
  readonly window?: number | undefined;
  /**
   * Goes on after a loss of the link or of the worker: gets the last item that was taken, or undefined when none was, and returns the
   * input with which the stream begins again, on any worker. `undefined` or `false` gives up, and what it throws ends the stream.
   * @default {a loss is the end}
   */
  readonly resume?: ResumeStream<Item, Input> | undefined;
  /**
   * The `ctx` of the handler that reads the stream: the stream then ends with the request that is being answered, and trace headers go
   * along, and those that the setting `inheritHeaders` names.
   * @default {nothing, or with `bgtasks/async-context` the handler's; null for nothing in any case}
   */
  readonly within?: CallContext | null | undefined;
  /**
   * Items for the handler of a task that has the option `receives`. They are asked for as the handler takes them, and ended by
   * `return()` when the stream is over before they are. What they throw the loop rejects with.
   */
  readonly send?: ItemsToSend<Sent> | undefined;
}

/** Makes the input with which a stream begins again of the last item that was taken; `undefined` or `false` for none. */
export type ResumeStream<Item, Input> = {
  // A method, so that options for any item fit.
  resume(last: Item | undefined): Input | undefined | false | Promise<Input | undefined | false>;
}["resume"];

let rules: Rule | undefined;

/** @throws BgtasksError with `code` `"invalid_options"` */
export function checkStreamOptions(route: string, options: unknown): void {
  rules ??= optionsOf({
    timeout: milliseconds(),
    deadline: milliseconds(),
    signal: must(isSignal, "must be an AbortSignal"),
    headers: anything,
    window: wholeNumber(1, MAX_WINDOW),
    resume: must((resume) => typeof resume === "function", "must be a function of the last item"),
    within: must(isWithin, CALL_CONTEXT_RULE),
    send: anything,
  });
  const { send, resume } = (options ?? {}) as ItemStreamOptions;
  const problems = describeProblems(rules, options) ?? findSendProblem(send, "resume", resume);
  if (problems === undefined) return;
  throw new BgtasksError("invalid_options", `Cannot stream "${route}": ${problems}`);
}
