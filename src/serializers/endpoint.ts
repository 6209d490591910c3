import type { RowId } from "../utils/fields.ts";
import type { RemoteFieldOptions } from "./remote_field.ts";

/** What is called for a remote field, and how. Fields with the same {@link Endpoint.name} share their calls. */
export interface Endpoint {
  /** Equal for equal route, key, params and merge key. */
  readonly name: string;
  readonly route: string;
  readonly key: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly mergeKey: string;
  readonly maxBatch: number;
  readonly concurrency: number;
  readonly timeout: number | undefined;
}

/** Fills in what the options leave out. */
export function toEndpoint(options: RemoteFieldOptions): Endpoint {
  const {
    key,
    params = {},
    mergeKey = "id",
    maxBatch = 10_000,
    concurrency = 8,
    timeout,
  } = options;
  const route = typeof options.route === "string" ? options.route : options.route.route;
  const sorted = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
  const name = JSON.stringify([route, key ?? null, mergeKey, sorted]);
  return { name, route, key, params, mergeKey, maxBatch, concurrency, timeout };
}

/** One endpoint for fields that share it: the tightest limits of all. */
export function tightest(a: Endpoint, b: Endpoint): Endpoint {
  if (a === b) return a;
  const { maxBatch, concurrency, timeout = Infinity } = b;
  const shortest = Math.min(a.timeout ?? Infinity, timeout);
  return {
    ...a,
    maxBatch: Math.min(a.maxBatch, maxBatch),
    concurrency: Math.min(a.concurrency, concurrency),
    timeout: shortest === Infinity ? undefined : shortest,
  };
}

/** The requests for these ids, each with as many as one call may have. */
export function* requestBodies(
  { key, params, maxBatch }: Endpoint,
  ids: Iterable<RowId>,
): Generator<unknown, undefined> {
  let list: (string | number)[] = [];
  const toBody = () => (key === undefined ? list : { ...params, [key]: list });
  for (const id of ids) {
    if (list.length >= maxBatch) {
      yield toBody();
      list = [];
    }
    list.push(typeof id === "bigint" ? toJSONId(id) : id);
  }
  if (list.length > 0) yield toBody();
  return undefined;
}

// JSON has no BigInt. Ids match as text, so text is as good where a number would lose digits.
function toJSONId(id: bigint): string | number {
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : String(id);
}
