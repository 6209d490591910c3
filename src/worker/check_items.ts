import { BgtasksError } from "../errors.ts";
import type { Schema } from "../schema/schema.ts";
import { nameOf } from "../options/rules.ts";
import { checkOutput } from "./check_output.ts";
import type { RequestContext } from "./request_context.ts";
import { invalidOutput, Refusal } from "./task_failures.ts";

/** Whether a handler has given items that come one after the other. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/**
 * Items that are checked one by one, when they are asked for.
 *
 * @throws Refusal when these are not items at all
 */
export function checkItems(
  items: unknown,
  schema: Schema,
  request: RequestContext,
): AsyncIterable<unknown> {
  if (isAsyncIterable(items)) {
    return {
      [Symbol.asyncIterator]: () =>
        new CheckedItems(items[Symbol.asyncIterator](), schema, request),
    };
  }
  const rule = `a task with the option yields gives an async iterable: ${nameOf(items)}`;
  const error = new BgtasksError("invalid_output", `Cannot send the items as ${rule}`);
  throw new Refusal(invalidOutput("returned what cannot be iterated over", error, request));
}

class CheckedItems implements AsyncIterator<unknown> {
  readonly #items: AsyncIterator<unknown>;
  readonly #schema: Schema;
  readonly #request: RequestContext;

  constructor(items: AsyncIterator<unknown>, schema: Schema, request: RequestContext) {
    this.#items = items;
    this.#schema = schema;
    this.#request = request;
  }

  async next(): Promise<IteratorResult<unknown>> {
    const result = await this.#items.next();
    if (result.done) return result;
    const value = checkOutput(result.value, this.#schema, this.#request, "yielded");
    return { done: false, value: value instanceof Promise ? await value : value };
  }

  async return(): Promise<IteratorResult<unknown>> {
    return (await this.#items.return?.()) ?? { done: true, value: undefined };
  }
}
