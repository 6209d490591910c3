import type { DefaultHeaders } from "../client/default_headers.ts";
import { headersFor } from "../client/default_headers.ts";
import { onAbort } from "../context/abort.ts";
import type { Endpoint } from "./endpoint.ts";
import type { FetchOptions, Fetched, IdKey, IdSet } from "./fetch_rows.ts";
import { fetchRows } from "./fetch_rows.ts";
import type { RemoteLoader } from "./remote_loader.ts";

/** How to get rows. */
export interface LoadOptions extends Omit<FetchOptions, "headers"> {
  readonly loader: RemoteLoader | undefined;
  readonly headers?: DefaultHeaders | undefined;
}

/**
 * Gets rows by a call, or through a loader: then the rows may be more than these, and an abort ends the wait for calls
 * that others have begun.
 *
 * @param ids with a loader, by the keys of `idKey()`
 */
export async function loadRows(
  endpoint: Endpoint,
  ids: IdSet,
  { loader, ...given }: LoadOptions,
): Promise<ReadonlyMap<IdKey, Fetched>> {
  const { signal } = given;
  signal?.throwIfAborted();
  const options = { ...given, headers: headersFor(given.headers, endpoint.route) };
  if (!loader) return fetchRows(endpoint, ids, options);
  const loading = loader.load(endpoint, ids.byKey, options);
  if (!signal) return loading;
  let detach: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    detach = onAbort(signal, () => reject(signal.reason as Error));
  });
  try {
    // oxlint-disable-next-line eslint/no-restricted-properties -- both belong to this load
    return await Promise.race([loading, aborted]);
  } finally {
    detach();
  }
}
