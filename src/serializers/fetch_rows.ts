import type { CallOptions } from "../client/rpc_client.ts";
import { ProtocolError } from "../errors.ts";
import type { RPCTask } from "../tasks/rpc_task.ts";
import type { RowId } from "../utils/fields.ts";
import { idKey, isId, readField } from "../utils/fields.ts";
import { FailResponseError, RPCResponse } from "../utils/response.ts";
import type { Endpoint } from "./endpoint.ts";
import { requestBodies } from "./endpoint.ts";
import { freeze } from "./freeze.ts";

/** What serializers need of an `RPCClient`. */
export interface RemoteClient {
  /** Calls a route and waits for its reply. */
  call(routeOrTask: string | RPCTask, input?: unknown, options?: CallOptions): Promise<unknown>;
}

/** A row as another service answered it. */
export type RemoteRow = Readonly<Record<string, unknown>>;

/** What identifies rows in maps: see `idKey()`. */
export type IdKey = string | number;

/** How to make calls. */
export interface FetchOptions {
  readonly client: RemoteClient;
  /** How long each call may take, in milliseconds, where the endpoint does not say. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The second step: asks an endpoint for rows by their ids, in as many calls as `maxBatch` wants. The first call that
 * fails is the end: no further one goes out.
 *
 * @param ids by their keys
 * @returns rows by the keys of their ids; ids that nobody knows are not in it
 * @throws FailResponseError for a `fail` envelope
 * @throws ProtocolError for what is no list of rows, and whatever the call rejects with
 */
export async function fetchRows(
  endpoint: Endpoint,
  ids: ReadonlyMap<IdKey, RowId>,
  options: FetchOptions,
): Promise<Map<IdKey, RemoteRow>> {
  const rows = new Map<IdKey, RemoteRow>();
  const bodies = requestBodies(endpoint, ids.values());
  const abort = new AbortController();
  const stop = () => abort.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted) stop();
  const timeout = endpoint.timeout ?? options.timeout;
  // Each of these makes the next call when it is done with one.
  const worker = async (): Promise<void> => {
    for (let body = bodies.next(); !body.done; body = bodies.next()) {
      const reply = await options.client.call(endpoint.route, body.value, {
        timeout,
        signal: abort.signal,
      });
      abort.signal.throwIfAborted();
      readReply(endpoint, reply, ids, rows);
    }
  };
  try {
    const calls = Math.ceil(ids.size / Math.min(ids.size, endpoint.maxBatch));
    await Promise.all(Array.from({ length: Math.min(endpoint.concurrency, calls) }, worker));
    return rows;
  } catch (error) {
    abort.abort(error);
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", stop);
  }
}

/** Puts the rows of a reply under their ids. Of two rows with one id the first counts; rows nobody asked for do not. */
function readReply(
  { route, mergeKey }: Endpoint,
  reply: unknown,
  ids: ReadonlyMap<IdKey, RowId>,
  rows: Map<IdKey, RemoteRow>,
): void {
  const list = RPCResponse.is(reply) ? unwrap(route, reply) : reply;
  if (!Array.isArray(list)) {
    throw new ProtocolError(
      `Cannot use the reply of "${route}" as it must be a list of rows: ${preview(list)}`,
    );
  }
  for (const row of list as readonly unknown[]) {
    // The place of a row that was not found, in replies that have one for each id.
    if (row === null) continue;
    const id = typeof row === "object" ? readField(row, mergeKey) : undefined;
    if (!isId(id)) {
      throw new ProtocolError(
        `Cannot match a row of the reply of "${route}" as it has no "${mergeKey}": ${preview(row)}`,
      );
    }
    const key = idKey(id);
    if (ids.has(key) && !rows.has(key)) rows.set(key, freeze(row as RemoteRow));
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
