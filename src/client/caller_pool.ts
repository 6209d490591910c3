import type { ResolvedSettings } from "../settings/settings.ts";
import type { StatusFeed } from "../transport/status_feed.ts";
import { openTransport } from "../composition.ts";
import { Caller } from "./caller.ts";

/** A caller in use. */
export interface Lease {
  readonly caller: Caller;
  /** Gives it back; the last one to do so closes it. */
  release(): Promise<void>;
}

interface Entry {
  readonly caller: Caller;
  leases: number;
}

/** Clients with equal settings share a connection, so this has to be known in the whole process. */
const entries = new Map<string, Entry>();

/** Opens a caller for these settings, or shares the one that is open. `status` is told of it until the release. */
export function leaseCaller(settings: ResolvedSettings, status: StatusFeed): Lease {
  const key = JSON.stringify(settings);
  let entry = entries.get(key);
  if (!entry) {
    entry = { caller: new Caller(openTransport(settings), settings.maxMessageBytes), leases: 0 };
    entries.set(key, entry);
  }
  const { caller } = entry;
  const shared = entry;
  shared.leases++;
  caller.addFeed(status);
  return {
    caller,
    async release() {
      caller.deleteFeed(status);
      if (--shared.leases > 0) return;
      entries.delete(key);
      await caller.close();
    },
  };
}
