/**
 * What messages around requests say that are more than one question and one answer: docs/wire.md has them all. Here are the
 * types of messages, and the headers that go with them.
 */

/** A request whose caller takes the items of the result as they come. */
export const STREAM = "bgtasks.stream";

/** A plain request whose caller may give it up while it runs. */
export const CANCELLABLE = "bgtasks.cancellable";

/** A request whose caller sends items, as its worker asks for them, and takes one reply. */
export const UPLOAD = "bgtasks.upload";

/** The same of a caller who takes the items of the result as they come. */
export const DUPLEX = "bgtasks.duplex";

/** The worker has begun; the message names its control queue. */
export const OPEN = "bgtasks.open";

/** Items, in a list; from the worker, or from a caller to the control queue. */
export const ITEMS = "bgtasks.items";

/** The end of a stream: what its generator returned, or how it failed; from a caller, the end of its items. */
export const END = "bgtasks.end";

/** How many bytes of items the other side may have sent in all. */
export const CREDIT = "bgtasks.credit";

/** The caller gives its request up; from the worker, it wants no more items. */
export const CANCEL = "bgtasks.cancel";

/** A sign of life; whoever gets one from a caller answers with another. */
export const ALIVE = "bgtasks.alive";

/** The header with the credit that a stream begins with, in bytes. */
export const WINDOW_HEADER = "bgtasks-window";

/** The header with the time that a stream may take in all, in milliseconds. */
export const DEADLINE_HEADER = "bgtasks-deadline";

/** Whether a type of ours is that of a request. */
export function isRequestType(type: string): boolean {
  return type === STREAM || type === CANCELLABLE || sendsItems(type);
}

/** Whether the caller of such a request takes items as they come. */
export function takesItems(type: string | undefined): boolean {
  return type === STREAM || type === DUPLEX;
}

/** Whether the caller of such a request sends items. */
export function sendsItems(type: string | undefined): boolean {
  return type === UPLOAD || type === DUPLEX;
}
