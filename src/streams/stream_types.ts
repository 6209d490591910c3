/**
 * What messages around requests say that are more than one question and one answer: docs/wire.md has them all. Here are the
 * types of messages, and the headers that go with them.
 */

/** A request whose caller takes the items of the result as they come. */
export const STREAM = "bgtasks.stream";

/** A plain request whose caller may give it up while it runs. */
export const CANCELLABLE = "bgtasks.cancellable";

/** The worker has begun; the message names its control queue. */
export const OPEN = "bgtasks.open";

/** Items, in a list. */
export const ITEMS = "bgtasks.items";

/** The end of a stream: what its generator returned, or how it failed. */
export const END = "bgtasks.end";

/** How many bytes of items the worker may have sent in all. */
export const CREDIT = "bgtasks.credit";

/** The caller gives its request up. */
export const CANCEL = "bgtasks.cancel";

/** A sign of life; whoever gets one from a caller answers with another. */
export const ALIVE = "bgtasks.alive";

/** The header with the credit that a stream begins with, in bytes. */
export const WINDOW_HEADER = "bgtasks-window";

/** The header with the time that a stream may take in all, in milliseconds. */
export const DEADLINE_HEADER = "bgtasks-deadline";

/** Whether a type of ours is that of a request. */
export function isRequestType(type: string): boolean {
  return type === STREAM || type === CANCELLABLE;
}
