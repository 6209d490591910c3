import type { CallOptions } from "../client/call_options.ts";
import type { CallContext } from "../context/call_context.ts";
import { BgtasksError, ProtocolError } from "../errors.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { MessageHeaders } from "../messages/message.ts";
import type { RowId } from "../rows/fields.ts";
import { FailResponseError, RPCResponse } from "../envelope/response.ts";
import { Stop } from "../context/abort.ts";
import type { Endpoint } from "./endpoint.ts";
import { idOfRow, requestBody } from "./endpoint.ts";
import { freezeDeep } from "./freeze.ts";

/** What serializers need of an `RPCClient`. */
export interface RemoteClient {
  /** Calls a route and waits for its reply. The rows of the reply are frozen. */
  call(routeOrTask: string | RPCTask, input?: unknown, options?: CallOptions): Promise<unknown>;
}

/** A row as another service answered it. */
export type RemoteRow = Readonly<Record<string, unknown>>;

/** What an id has: a row, or a list of rows where the endpoint says `many`. */
export type Fetched = RemoteRow | readonly RemoteRow[];

/** What identifies rows in maps: see `idKey()`. */
export type IdKey = string | number;

/** Different ids. */
export interface IdSet {
  readonly byKey: ReadonlyMap<IdKey, RowId>;
  /** Makes the key of an id, be it one of these or that of a row. */
  readonly keyOf: (id: RowId) => IdKey;
}

/** How to make calls. */
export interface FetchOptions {
  readonly client: RemoteClient;
  /** How long each call may take, in milliseconds, where the endpoint does not say. */
  readonly timeout?: number | undefined;
  readonly headers?: MessageHeaders | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly within?: CallContext | null | undefined;
}

/**
 * The second step: asks an endpoint for rows by their ids, in as many calls as `maxBatch` wants. The first call that
 * fails is the end: no further one goes out.
 *
 * @returns rows by the keys of their ids; ids that nobody knows are not in it
 * @throws FailResponseError for a `fail` envelope
 * @throws ProtocolError for a reply that is not a list of rows, and whatever the call rejects with
 */
export async function fetchRows(
  endpoint: Endpoint,
  ids: IdSet,
  options: FetchOptions,
): Promise<Map<IdKey, Fetched>> {
  const rows = new Map<IdKey, Fetched>();
  const list = [...ids.byKey.values()];
  const { maxBatch, concurrency } = endpoint;
  if (list.length <= maxBatch) await fetchBatch(endpoint, list, ids, options, rows);
  else {
    const stop = new Stop(options.signal);
    const { signal } = stop;
    let next = 0;
    // Each of these makes the next call when it is done with one.
    const worker = async (): Promise<void> => {
      while (next < list.length) {
        const batch = list.slice(next, (next += maxBatch));
        await fetchBatch(endpoint, batch, ids, { ...options, signal }, rows);
      }
    };
    const calls = Math.ceil(list.length / maxBatch);
    try {
      await Promise.all(Array.from({ length: Math.min(concurrency, calls) }, worker));
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      stop.detach();
    }
  }
  if (endpoint.many) for (const list of rows.values()) Object.freeze(list);
  return rows;
}

/** One call; two with half of the ids each where request or reply would be too large. */
async function fetchBatch(
  endpoint: Endpoint,
  batch: readonly RowId[],
  ids: IdSet,
  options: FetchOptions,
  rows: Map<IdKey, Fetched>,
): Promise<void> {
  const { client, headers, signal, within } = options;
  const timeout = endpoint.timeout ?? options.timeout;
  const body = requestBody(endpoint, batch);
  try {
    const call = { timeout, headers, signal };
    const nested = within === undefined ? call : { ...call, within };
    const reply = await client.call(endpoint.route, body, nested);
    signal?.throwIfAborted();
    readReply(endpoint, reply, batch, ids, rows);
  } catch (error) {
    signal?.throwIfAborted();
    if (batch.length > 1 && error instanceof BgtasksError && error.code === "too_large") {
      const half = Math.ceil(batch.length / 2);
      await fetchBatch(endpoint, batch.slice(0, half), ids, options, rows);
      await fetchBatch(endpoint, batch.slice(half), ids, options, rows);
      return;
    }
    if (typeof error === "object" && error !== null) sentIds.set(error, batch);
    throw error;
  }
}

/**
 * The ids whose rows count in the reply to a call. A row that another call was asked for would be in the list of its id twice;
 * where an id has one row it does no harm.
 */
function askedIn({ many }: Endpoint, batch: readonly RowId[], ids: IdSet): IdSet {
  if (!many || batch.length === ids.byKey.size) return ids;
  return { ...ids, byKey: new Map(batch.map((id) => [ids.keyOf(id), id])) };
}

/**
 * The ids of the calls that failed, by the error. Beside the errors, because these are a client's own: callers get them as
 * they are, and they may be frozen.
 */
const sentIds = new WeakMap<object, readonly RowId[]>();

/** The ids of the call that failed with this error, in the order in which they were sent. */
export function idsOfFailure(error: object): readonly RowId[] | undefined {
  return sentIds.get(error);
}

/**
 * Puts the rows of a reply under their ids. Where an id has one row, the first of two with one id counts. Rows that nobody
 * asked for are left out of a reply that has more rows than ids; in another one they do no harm, because nobody looks for them.
 */
function readReply(
  endpoint: Endpoint,
  reply: unknown,
  batch: readonly RowId[],
  ids: IdSet,
  rows: Map<IdKey, Fetched>,
): void {
  const { route, mergeKey, many } = endpoint;
  const { byKey, keyOf } = askedIn(endpoint, batch, ids);
  const list = RPCResponse.is(reply) ? unwrap(route, reply) : reply;
  if (!Array.isArray(list)) {
    throw new ProtocolError(
      `Cannot use the reply of "${route}" because it is not a list of rows: ${preview(list)}`,
    );
  }
  // One of no more rows than ids hardly has any that nobody asked for, and a look for each row costs.
  const mayHaveMore = many || list.length > batch.length;
  for (const row of list as readonly unknown[]) {
    // The place of a row that was not found, in replies that have one for each id.
    if (row === null) continue;
    const id = typeof row === "object" ? idOfRow(endpoint, row) : undefined;
    if (id === undefined) {
      const names = [mergeKey].flat().join('" and "');
      throw new ProtocolError(
        `Cannot match a row of the reply of "${route}" because it has no "${names}": ${preview(row)}`,
      );
    }
    const key = keyOf(id);
    if (mayHaveMore && !byKey.has(key)) continue;
    if (!many) {
      if (!rows.has(key)) rows.set(key, freezeDeep(row as RemoteRow));
      continue;
    }
    const known = rows.get(key) as RemoteRow[] | undefined;
    if (known) known.push(freezeDeep(row as RemoteRow));
    else rows.set(key, [freezeDeep(row as RemoteRow)]);
  }
}

function unwrap(route: string, reply: RPCResponse): unknown {
  if (reply.status === "fail") throw new FailResponseError(reply.data, `the reply of "${route}"`);
  return reply.data;
}

function preview(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
