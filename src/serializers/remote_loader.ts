import { meaningfulHeaders } from "../context/inherit.ts";
import { BgtasksError } from "../errors.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { RowId } from "../rows/fields.ts";
import { idKey, readComposite } from "../rows/fields.ts";
import { brokenRules, rules } from "./check_options.ts";
import type { Endpoint } from "./endpoint.ts";
import { idOfRow, routeOf, toEndpoint } from "./endpoint.ts";
import type { FetchOptions, Fetched, IdKey, RemoteClient, RemoteRow } from "./fetch_rows.ts";
import { freeze } from "./freeze.ts";
import type { MemoryLimits } from "./memory.ts";
import type { RemoteRelation } from "./remote_field.ts";
import type { PrimedRow, ShelfCalls } from "./shelf.ts";
import { Shelf } from "./shelf.ts";

/** Options of a loader. */
export interface RemoteLoaderOptions {
  /** What makes the calls. @default {the client of the serializer that asks first} */
  readonly client?: RemoteClient | undefined;
  /** Ends the loader's calls, e.g. when the request they are for is over. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long to wait for others that want rows of the same route: `"turn"` until the event loop has run what is due,
   * `"microtask"` only for those in the same stretch of code. @default {"turn"}
   */
  readonly wait?: "turn" | "microtask" | undefined;
  /** How long a row is remembered, in milliseconds. @default {as long as the loader lives} */
  readonly ttl?: number | undefined;
  /** How long it is remembered that there is no such row, in milliseconds. @default {a tenth of `ttl`} */
  readonly absentTtl?: number | undefined;
  /** How many ids of each relation are remembered; those that were asked for least recently are forgotten. @default {all} */
  readonly max?: number | undefined;
}

/**
 * Remembers remote rows, and asks once for what several serializers want at about the same time. Make one for each
 * request a service answers and pass it to every `serialize()` and `validate()`: it never forgets by itself, and what one
 * user may see is not for the next. One with a `ttl` may serve many requests, for rows that everybody may see.
 *
 * @example
 * ```ts
 * import * as v from "valibot";
 * import { configure, RemoteLoader, remoteField, rpcTasks, serializer } from "bgtasks";
 *
 * configure({ environment: "test" }); // no broker for this example
 * rpcTasks("images.byIds", (ids: number[]) => ids.map((id) => ({ id, path: `/${id}.jpg` })));
 *
 * const image = remoteField(v.number(), { route: "images.byIds" });
 * const UserSerializer = serializer(v.object({ id: v.number(), image }));
 * const PostSerializer = serializer(v.object({ title: v.string(), image }));
 *
 * const loader = new RemoteLoader();
 * await Promise.all([
 *   UserSerializer.serialize([{ id: 1, image: 7 }], { loader }),
 *   PostSerializer.serialize([{ title: "Hello", image: 7 }], { loader }),
 * ]); // one call, for one image
 * rpcTasks.delete("images.byIds");
 * ```
 */
export class RemoteLoader {
  readonly #calls: ShelfCalls;
  readonly #limits: MemoryLimits | undefined;
  /** By the endpoint's name and the headers of the calls. */
  readonly #shelves = new Map<string, Shelf>();
  /** Rows that were primed by route, for forms of it that nobody has asked for yet. */
  readonly #primed = new Map<string, readonly PrimedRow[]>();
  #sweepAt = MIN_SWEPT;

  /**
   * Makes a loader that remembers nothing yet.
   *
   * @throws BgtasksError with `code` `"invalid_loader"` when options are wrong
   */
  constructor(options: RemoteLoaderOptions = {}) {
    const broken = brokenRules(options, allowed);
    if (broken !== "") throw new BgtasksError("invalid_loader", `Cannot make a loader: ${broken}`);
    const { client, signal, wait = "turn", ttl, absentTtl, max } = options;
    // Not the global itself: browsers refuse to run it as a method of something else.
    const later: ShelfCalls["later"] =
      wait === "turn" ? afterTurn : (callback) => queueMicrotask(callback);
    this.#calls = { client, signal, later };
    if (ttl !== undefined || max !== undefined) {
      const rowTtl = ttl ?? Infinity;
      this.#limits = { ttl: rowTtl, absentTtl: absentTtl ?? rowTtl / 10, max: max ?? Infinity };
    }
  }

  /**
   * Remembers rows, as if they had been asked for. What is remembered already stays. Copies are kept, as a service would
   * have sent them: what JSON does not have, such as methods, is left out.
   *
   * @param relation the options of a remote field, for its calls alone. Or the task or route the rows would come from: then
   * for all fields of the route, but for those with `params` or `many`, which may get other rows
   * @throws BgtasksError with `code` `"invalid_row"` when a row has no id or is not JSON; then none is remembered
   */
  prime(relation: RemoteRelation | RPCTask | string, rows: Iterable<object>): this {
    const { route, form } = formOf(relation);
    const endpoint = form ?? toEndpoint({ route });
    const since = performance.now();
    const copies = [...rows].map((row) => ({ row: copyOf(endpoint, row), since }));
    this.#shelf(endpoint).fill(copies);
    if (form) return this;
    for (const shelf of this.#shelves.values())
      if (shelf.endpoint.route === route && isPlain(shelf.endpoint)) shelf.fill(copies);
    const kept = [...this.#primedOf(route), ...copies];
    this.#primed.set(route, this.#limits ? kept.slice(-this.#limits.max) : kept);
    return this;
  }

  /**
   * Forgets: everything, one relation, or some of its ids. Serializations under way still get what they asked for.
   *
   * @param relation the options of a remote field, or the task or route: then every form in which fields ask for its rows
   */
  clear(relation?: RemoteRelation | RPCTask | string, ids?: Iterable<RowId>): this {
    if (relation === undefined) {
      this.#shelves.clear();
      this.#primed.clear();
      return this;
    }
    const { route, form } = formOf(relation);
    // Rows that wait for forms to come: it is not known what identifies them there.
    this.#primed.delete(route);
    const list = ids && [...ids];
    for (const [name, shelf] of [...this.#shelves]) {
      const { endpoint } = shelf;
      if (form ? endpoint.name !== form.name : endpoint.route !== route) continue;
      if (list) this.#shelves.set(name, shelf.without(list.map((id) => keyIn(endpoint, id))));
      else this.#shelves.delete(name);
    }
    return this;
  }

  /**
   * Gets rows by their ids, from memory or by a call.
   *
   * @param ids by the keys of `idKey()`
   * @returns what is known of the endpoint, at least of these ids; those that nobody knows are not in it
   * @internal
   */
  load(
    endpoint: Endpoint,
    ids: ReadonlyMap<IdKey, RowId>,
    options: FetchOptions,
  ): Promise<ReadonlyMap<IdKey, Fetched>> {
    return this.#shelf(endpoint, options).load(endpoint, ids, options);
  }

  #shelf(endpoint: Endpoint, asked?: FetchOptions): Shelf {
    // What a service answers may depend on the headers, such as those of the user.
    const headers = asked && headersOf(asked);
    const name = headers ? `${endpoint.name} ${JSON.stringify(headers)}` : endpoint.name;
    let shelf = this.#shelves.get(name);
    if (!shelf) {
      this.#sweep();
      shelf = new Shelf(endpoint, this.#calls, this.#limits);
      this.#shelves.set(name, shelf);
      if (isPlain(endpoint)) shelf.fill(this.#primedOf(endpoint.route));
    }
    return shelf;
  }

  /** Rows that were primed by route, as long as they are remembered. */
  #primedOf(route: string): readonly PrimedRow[] {
    const oldest = performance.now() - (this.#limits?.ttl ?? Infinity);
    return (this.#primed.get(route) ?? []).filter(({ since }) => since > oldest);
  }

  /** Drops what is of no use any more, now and then: requests of many users make many shelves. */
  #sweep(): void {
    if (!this.#limits || this.#shelves.size < this.#sweepAt) return;
    for (const [name, shelf] of this.#shelves) if (shelf.isEmpty()) this.#shelves.delete(name);
    this.#sweepAt = Math.max(MIN_SWEPT, 2 * this.#shelves.size);
  }
}

/** How many shelves there may be before those that are empty are dropped. */
const MIN_SWEPT = 100;

/** The headers that go out with a call, as far as they are known here: which of a request's go along is for its client to say. */
function headersOf({ headers, within }: FetchOptions): object | undefined {
  const inherited = within ? meaningfulHeaders(within) : {};
  return headers || Object.keys(inherited).length > 0 ? { ...inherited, ...headers } : undefined;
}

/** What is meant: one form in which a route is asked, or the route as a whole. */
function formOf(relation: RemoteRelation | RPCTask | string): {
  readonly route: string;
  readonly form?: Endpoint;
} {
  if (typeof relation === "string" || "handler" in relation)
    return { route: routeOf({ route: relation }) };
  // What params that depend on a context are is not known here.
  if (typeof relation.params === "function") return { route: routeOf(relation) };
  const form = toEndpoint(relation);
  return { route: form.route, form };
}

/** Whether a route's rows are the same for all that ask in this form. */
function isPlain({ params, many }: Endpoint): boolean {
  return !many && Object.keys(params).length === 0;
}

/** The key of an id, whose parts may be in whatever order. */
function keyIn({ mergeKey }: Endpoint, id: RowId): IdKey {
  if (typeof id !== "object" || typeof mergeKey === "string") return idKey(id);
  return idKey(readComposite(mergeKey, id) ?? id);
}

function copyOf(endpoint: Endpoint, row: object): RemoteRow {
  const { route, mergeKey } = endpoint;
  const refuse = (rule: string) =>
    new BgtasksError("invalid_row", `Cannot remember a row of "${route}" ${rule}`);
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(row) ?? "null");
  } catch (error) {
    throw refuse(`that is not JSON: ${String(error)}`);
  }
  if (typeof copy !== "object" || copy === null || idOfRow(endpoint, copy) === undefined)
    throw refuse(`without "${[mergeKey].flat().join('" and "')}"`);
  return freeze(copy as RemoteRow);
}

const allowed = {
  client: rules.client,
  signal: rules.signal,
  wait: [
    'must be "turn" or "microtask"',
    (value: unknown) => value === "turn" || value === "microtask",
  ],
  ttl: rules.time,
  absentTtl: rules.time,
  max: rules.count,
} as const;

function afterTurn(callback: () => void): void {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  if (setImmediate) setImmediate(callback);
  else setTimeout(callback, 0);
}
