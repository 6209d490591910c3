import type { RPCTask } from "../tasks/rpc_task.ts";
import { BgtasksError } from "../errors.ts";
import type { RowId } from "../utils/fields.ts";
import { idKey, isId, readField } from "../utils/fields.ts";
import type { Endpoint } from "./endpoint.ts";
import { tightest, toEndpoint } from "./endpoint.ts";
import type { FetchOptions, IdKey, RemoteClient, RemoteRow } from "./fetch_rows.ts";
import { fetchRows } from "./fetch_rows.ts";
import { freeze } from "./freeze.ts";
import type { RemoteRelation } from "./remote_field.ts";

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
}

/** Ids that go out together. */
interface Batch {
  endpoint: Endpoint;
  readonly ids: Map<IdKey, RowId>;
  readonly options: FetchOptions;
  /** Settles when the rows are in the memory. */
  readonly done: Promise<void>;
}

/** What is known of one endpoint. */
interface Memory {
  /** Rows by the keys of their ids; null for ids that nobody knows. */
  readonly rows: Map<IdKey, RemoteRow | null>;
  /** Ids that are out, or will be. */
  readonly pending: Map<IdKey, Batch>;
  /** Takes ids until it goes out. */
  open: Batch | undefined;
}

/**
 * Remembers remote rows, and asks once for what several serializers want at about the same time. Make one for each
 * request a service answers and pass it to every `serialize()` and `validate()`: it never forgets by itself, and what one
 * user may see is not for the next.
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
  readonly #client: RemoteClient | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #later: (callback: () => void) => void;
  readonly #memories = new Map<string, Memory>();

  /** Makes a loader that remembers nothing yet. */
  constructor({ client, signal, wait = "turn" }: RemoteLoaderOptions = {}) {
    this.#client = client;
    this.#signal = signal;
    // Not the global itself: browsers refuse to run it as a method of something else.
    this.#later = wait === "turn" ? afterTurn : (callback) => queueMicrotask(callback);
  }

  /**
   * Remembers rows, as if they had been asked for. What is remembered already stays. Copies are kept, as a service would
   * have sent them.
   *
   * @param relation the task or route the rows would come from, or the options of its remote field
   * @throws BgtasksError with `code` `"invalid_row"` when a row has no id
   */
  prime(relation: RemoteRelation | RPCTask | string, rows: Iterable<object>): this {
    const endpoint = endpointOf(relation);
    const { rows: known } = this.#memory(endpoint);
    for (const row of rows) {
      const id = readField(row, endpoint.mergeKey);
      if (!isId(id)) {
        throw new BgtasksError(
          "invalid_row",
          `Cannot remember a row of "${endpoint.route}" without "${endpoint.mergeKey}"`,
        );
      }
      if (!known.get(idKey(id))) known.set(idKey(id), freeze(structuredClone(row) as RemoteRow));
    }
    return this;
  }

  /**
   * Forgets: everything, one relation, or some of its ids. Serializations under way still get what they asked for.
   *
   * @param relation as for {@link RemoteLoader.prime}
   */
  clear(relation?: RemoteRelation | RPCTask | string, ids?: Iterable<RowId>): this {
    if (relation === undefined) {
      this.#memories.clear();
      return this;
    }
    const { name } = endpointOf(relation);
    const memory = this.#memories.get(name);
    this.#memories.delete(name);
    if (!memory || !ids) return this;
    // A new memory, as somebody may be about to read from the old one; what is on its way goes there, too.
    const rows = new Map(memory.rows);
    for (const id of ids) rows.delete(idKey(id));
    this.#memories.set(name, { rows, pending: new Map(), open: undefined });
    return this;
  }

  /**
   * Gets rows by their ids, from memory or by a call.
   *
   * @param ids by their keys
   * @returns what is known of the endpoint, with at least these ids: null for those that nobody knows
   * @internal
   */
  async load(
    endpoint: Endpoint,
    ids: ReadonlyMap<IdKey, RowId>,
    options: FetchOptions,
  ): Promise<ReadonlyMap<IdKey, RemoteRow | null>> {
    const memory = this.#memory(endpoint);
    const batches = new Set<Batch>();
    for (const [key, id] of ids) {
      if (memory.rows.has(key)) continue;
      let batch = memory.pending.get(key);
      if (!batch) {
        batch = this.#openBatch(memory, endpoint, options);
        batch.ids.set(key, id);
        memory.pending.set(key, batch);
      }
      batches.add(batch);
    }
    for (const { done } of batches) await done;
    return memory.rows;
  }

  #memory({ name }: Endpoint): Memory {
    let memory = this.#memories.get(name);
    if (!memory)
      this.#memories.set(name, (memory = { rows: new Map(), pending: new Map(), open: undefined }));
    return memory;
  }

  #openBatch(memory: Memory, endpoint: Endpoint, options: FetchOptions): Batch {
    if (memory.open) {
      memory.open.endpoint = tightest(memory.open.endpoint, endpoint);
      return memory.open;
    }
    const sent = new Promise<void>((resolve) => this.#later(resolve));
    const batch: Batch = {
      endpoint,
      ids: new Map(),
      options,
      done: sent.then(() => this.#send(memory, batch)),
    };
    // Whoever waits for it handles its failure; after an abort that may be nobody.
    batch.done.catch(() => {});
    memory.open = batch;
    return batch;
  }

  async #send(memory: Memory, batch: Batch): Promise<void> {
    memory.open = undefined;
    const { endpoint, ids, options } = batch;
    const client = this.#client ?? options.client;
    try {
      const rows = await fetchRows(endpoint, ids, {
        client,
        timeout: options.timeout,
        signal: this.#signal,
      });
      for (const key of ids.keys()) {
        // Unless it was primed meanwhile.
        if (!memory.rows.has(key)) memory.rows.set(key, rows.get(key) ?? null);
      }
    } finally {
      // A failure is not remembered: the next one to want these ids asks again.
      for (const key of ids.keys()) memory.pending.delete(key);
    }
  }
}

function endpointOf(relation: RemoteRelation | RPCTask | string): Endpoint {
  if (typeof relation === "string" || "handler" in relation) return toEndpoint({ route: relation });
  return toEndpoint(relation);
}

function afterTurn(callback: () => void): void {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  if (setImmediate) setImmediate(callback);
  else setTimeout(callback, 0);
}
