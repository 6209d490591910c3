import type { RowId } from "../rows/fields.ts";
import { idKey } from "../rows/fields.ts";
import type { Endpoint } from "./endpoint.ts";
import { idOfRow, tightest } from "./endpoint.ts";
import type { FetchOptions, Fetched, IdKey, RemoteClient, RemoteRow } from "./fetch_rows.ts";
import { fetchRows } from "./fetch_rows.ts";
import type { MemoryLimits } from "./memory.ts";
import { Memory } from "./memory.ts";

/** How the calls of all shelves of a loader are made. */
export interface ShelfCalls {
  /** Undefined for that of whoever asks first. */
  readonly client: RemoteClient | undefined;
  readonly signal: AbortSignal | undefined;
  /** Waits for others that ask at about the same time. */
  readonly later: (callback: () => void) => void;
}

/** A row that was known without a call. */
export interface PrimedRow {
  readonly row: RemoteRow;
  /** When it was told, by the clock of `performance`. */
  readonly since: number;
}

/** Ids that go out together. */
interface Batch {
  endpoint: Endpoint;
  readonly ids: Map<IdKey, RowId>;
  /** Of those who ask in it, that whose request ends first. */
  options: FetchOptions;
  /** What the ids have, once they are here. */
  rows: ReadonlyMap<IdKey, Fetched>;
  /** Settles when the rows are in the memory. */
  readonly done: Promise<void>;
}

/** What a loader has of one endpoint: the rows that it remembers, and the calls that are out for more. */
export class Shelf {
  readonly endpoint: Endpoint;
  readonly #calls: ShelfCalls;
  readonly #limits: MemoryLimits | undefined;
  readonly #memory: Memory;
  /** Ids that are out, or will be. */
  readonly #pending = new Map<IdKey, Batch>();
  /** Takes ids until it goes out. */
  #open: Batch | undefined;

  constructor(
    endpoint: Endpoint,
    calls: ShelfCalls,
    limits: MemoryLimits | undefined,
    memory: Memory = new Memory(limits),
  ) {
    this.endpoint = endpoint;
    this.#calls = calls;
    this.#limits = limits;
    this.#memory = memory;
  }

  /** Whether nothing is remembered nor on its way. */
  isEmpty(): boolean {
    return this.#pending.size === 0 && this.#memory.isEmpty();
  }

  /** Puts rows where their ids are. Those without are not for this form of the route. */
  fill(primed: readonly PrimedRow[]): void {
    const lists = new Map<IdKey, PrimedRow & { readonly list: RemoteRow[] }>();
    for (const { row, since } of primed) {
      const id = idOfRow(this.endpoint, row);
      if (id === undefined) continue;
      const key = idKey(id);
      if (!this.endpoint.many) this.#add(key, row, since);
      else if (lists.has(key)) lists.get(key)?.list.push(row);
      else lists.set(key, { row, since, list: [row] });
    }
    for (const [key, { list, since }] of lists) this.#add(key, Object.freeze(list), since);
  }

  /** Remembers what was not known, or known to be absent. */
  #add(key: IdKey, row: Fetched, since: number): void {
    const isThere = this.#memory.knows(key) && this.#memory.rows.has(key);
    if (!isThere) this.#memory.set(key, row, since);
  }

  /**
   * Another shelf, which has forgotten these ids. Somebody may be about to read from the old one; what is on its way goes there,
   * too.
   */
  without(keys: Iterable<IdKey>): Shelf {
    return new Shelf(this.endpoint, this.#calls, this.#limits, this.#memory.without(keys));
  }

  /**
   * Gets rows from memory or by a call.
   *
   * @param endpoint that of whoever asks, whose limits count
   * @param ids by the keys of `idKey()`
   * @returns what is known, at least of these ids; those that nobody knows are not in it
   */
  async load(
    endpoint: Endpoint,
    ids: ReadonlyMap<IdKey, RowId>,
    options: FetchOptions,
  ): Promise<ReadonlyMap<IdKey, Fetched>> {
    const memory = this.#memory;
    // Of several that ask, the shortest timeout counts, be it a field's or a serializer's.
    const timeout = endpoint.timeout ?? options.timeout;
    const asked = { ...endpoint, timeout };
    // A limited memory may have forgotten a row by the time that others are here.
    const kept = this.#limits && new Map<IdKey, Fetched>();
    const keep = (key: IdKey, rows: ReadonlyMap<IdKey, Fetched>) => {
      const row = rows.get(key);
      if (row) kept?.set(key, row);
    };
    const batches = new Map<Batch, IdKey[]>();
    for (const [key, id] of ids) {
      if (memory.knows(key)) {
        keep(key, memory.rows);
        continue;
      }
      let batch = this.#pending.get(key);
      if (!batch) {
        batch = this.#openBatch(asked, options);
        batch.ids.set(key, id);
        this.#pending.set(key, batch);
      }
      const keys = batches.get(batch);
      if (keys) keys.push(key);
      else batches.set(batch, [key]);
    }
    for (const [batch, keys] of batches) {
      await batch.done;
      for (const key of kept ? keys : []) keep(key, batch.rows);
    }
    return kept ?? memory.rows;
  }

  #openBatch(endpoint: Endpoint, options: FetchOptions): Batch {
    const open = this.#open;
    if (open) {
      open.endpoint = tightest(open.endpoint, endpoint);
      if (deadlineOf(options) < deadlineOf(open.options)) open.options = options;
      return open;
    }
    const sent = new Promise<void>((resolve) => this.#calls.later(resolve));
    const batch: Batch = {
      endpoint,
      ids: new Map(),
      options,
      rows: new Map(),
      done: sent.then(() => this.#send(batch)),
    };
    // Whoever waits for it handles its failure; after an abort that may be nobody.
    batch.done.catch(() => {});
    this.#open = batch;
    return batch;
  }

  async #send(batch: Batch): Promise<void> {
    const { endpoint, ids, options } = batch;
    this.#open = undefined;
    const { client = options.client, signal } = this.#calls;
    try {
      const { headers, within } = options;
      const set = { byKey: ids, keyOf: idKey };
      const rows = await fetchRows(endpoint, set, { client, headers, within, signal });
      batch.rows = rows;
      // Unless it was primed meanwhile.
      for (const key of ids.keys())
        if (!this.#memory.knows(key)) this.#memory.set(key, rows.get(key));
    } finally {
      // A failure is not remembered: the next one to want these ids asks again.
      for (const key of ids.keys()) this.#pending.delete(key);
    }
  }
}

function deadlineOf({ within }: FetchOptions): number {
  return within?.deadline ?? Infinity;
}
