import type { ResolvedSettings } from "../settings.ts";
import { isLoopback } from "../settings.ts";
import type { LinkStatus } from "../transport/transport.ts";
import { openTransport } from "../transport/open_transport.ts";
import { serveDefaultRegistry } from "../worker/loopback_worker.ts";
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

/** Opens a caller for these settings, or shares the one that is open. `onStatus` hears of it until the release. */
export function leaseCaller(
  settings: ResolvedSettings,
  onStatus: (status: LinkStatus) => void,
): Lease {
  const key = JSON.stringify(settings);
  let entry = entries.get(key);
  if (!entry) {
    if (isLoopback(settings)) serveDefaultRegistry();
    entry = { caller: new Caller(openTransport(settings), settings.maxMessageBytes), leases: 0 };
    entries.set(key, entry);
  }
  const shared = entry;
  shared.leases++;
  const { current } = shared.caller.status;
  if (current.state !== "idle") onStatus(current);
  const subscription = shared.caller.status.subscribe(onStatus);
  return {
    caller: shared.caller,
    async release() {
      subscription[Symbol.dispose]();
      if (--shared.leases > 0) return;
      entries.delete(key);
      await shared.caller.close();
    },
  };
}
