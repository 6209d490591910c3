import { BgtasksError } from "../errors.ts";
import type { RowId } from "../rows/fields.ts";
import { isId, readComposite, readField } from "../rows/fields.ts";
import type { RemoteFieldOptions } from "./remote_field.ts";

/** What is called for a remote field, and how. Fields with the same {@link Endpoint.name} share their calls. */
export interface Endpoint {
  /** Equal for equal route, key, params, merge key and `many`. */
  readonly name: string;
  readonly route: string;
  readonly key: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  /** The field of a row that holds its id; of an id of several parts, all of them. */
  readonly mergeKey: string | readonly string[];
  /** Whether the merge key is a name that every object inherits, so that care is needed. */
  readonly inherited: boolean;
  /** Whether an id has a list of rows. */
  readonly many: boolean;
  readonly maxBatch: number;
  readonly concurrency: number;
  readonly timeout: number | undefined;
}

type EndpointOptions = Omit<RemoteFieldOptions, "params"> & { readonly params?: unknown };

/**
 * Fills in what the options leave out.
 *
 * @param params what the request holds beside the ids
 * @throws BgtasksError with `code` `"invalid_remote_field"` when the params are not JSON, or hold the ids' key
 */
export function toEndpoint(
  options: EndpointOptions,
  params: unknown = typeof options.params === "function" ? {} : options.params,
): Endpoint {
  const {
    key,
    mergeKey = "id",
    many = false,
    maxBatch = 10_000,
    concurrency = 8,
    timeout,
  } = options;
  const route = routeOf(options);
  const sent = copyParams(route, key, params);
  const name = JSON.stringify([route, key ?? null, mergeKey, many, sent]);
  const inherited = typeof mergeKey === "string" && mergeKey in Object.prototype;
  const limits = { maxBatch, concurrency, timeout };
  return { name, route, key, params: sent, mergeKey, inherited, many, ...limits };
}

export function routeOf({ route }: Pick<RemoteFieldOptions, "route">): string {
  return typeof route === "string" ? route : route.route;
}

/** A copy, because a change made later must not make two requests of one name. */
function copyParams(
  route: string,
  key: string | undefined,
  params: unknown = {},
): Readonly<Record<string, unknown>> {
  const refuse = (rule: string) =>
    new BgtasksError("invalid_remote_field", `Cannot make a remote field of "${route}": ${rule}`);
  if (typeof params !== "object" || params === null || Array.isArray(params))
    throw refuse("params must be an object");
  if (key !== undefined && Object.hasOwn(params, key))
    throw refuse(`params hold "${key}", where the ids go`);
  try {
    return sortKeys(JSON.parse(JSON.stringify(params)) as Record<string, unknown>);
  } catch (error) {
    // Neither a bigint nor what holds itself; another error is not about the params.
    if (!(error instanceof TypeError)) throw error;
    throw refuse(`params must be JSON: ${String(error)}`);
  }
}

/** The same value with the keys of its objects in order, so that equal params are equal text. */
function sortKeys<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sortKeys) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sortKeys(part)])) as T;
}

/** The id of a remote row; undefined where it has none. */
export function idOfRow({ mergeKey, inherited }: Endpoint, row: object): RowId | undefined {
  if (typeof mergeKey !== "string") return readComposite(mergeKey, row);
  const id = inherited
    ? readField(row, mergeKey)
    : (row as Readonly<Record<string, unknown>>)[mergeKey];
  return isId(id) ? id : undefined;
}

/** One endpoint for fields that share it: the tightest limits of all. */
export function tightest(a: Endpoint, b: Endpoint): Endpoint {
  if (a === b) return a;
  return {
    ...a,
    maxBatch: Math.min(a.maxBatch, b.maxBatch),
    concurrency: Math.min(a.concurrency, b.concurrency),
    timeout: shorter(a.timeout, b.timeout),
  };
}

/** The shorter of two timeouts that may be left open. */
function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

/** The request for these ids. */
export function requestBody({ key, params }: Endpoint, ids: readonly RowId[]): unknown {
  const list = ids.some(holdsBigInt) ? ids.map(toJSONId) : ids;
  return key === undefined ? list : { ...params, [key]: list };
}

// JSON has no BigInt. Ids match as text, so text is as good where a number would lose digits.
function toJSONId(id: RowId): unknown {
  if (typeof id === "object")
    return Object.fromEntries(Object.entries(id).map(([name, part]) => [name, toJSONId(part)]));
  if (typeof id !== "bigint") return id;
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : String(id);
}

function holdsBigInt(id: RowId): boolean {
  return typeof id === "object" ? Object.values(id).some(holdsBigInt) : typeof id === "bigint";
}
