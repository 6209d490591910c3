/** What a bundle for browsers has in the place of src/async_context/async_context.ts, because no handler runs there. */

/** No handler. */
export function currentContext(): undefined {
  return undefined;
}
