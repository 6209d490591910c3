import type { ResolvedSettings } from "../settings/settings.ts";
import type { StatusFeed } from "./status_feed.ts";

/** What several share of one connection. */
export interface SharedLink {
  /** Tells a feed the status, now and after every change. */
  addFeed(feed: StatusFeed): void;
  deleteFeed(feed: StatusFeed): void;
  close(): Promise<void>;
}

/** A link in use. */
export interface Lease<Link> {
  readonly link: Link;
  /** Gives it back; the last one to do so closes it. */
  release(): Promise<void>;
}

interface Entry<Link> {
  readonly link: Link;
  leases: number;
}

/** Links by their settings: those with equal ones share a connection. */
export class LinkPool<Link extends SharedLink> {
  readonly #open: (settings: ResolvedSettings) => Link;
  readonly #entries = new Map<string, Entry<Link>>();

  constructor(open: (settings: ResolvedSettings) => Link) {
    this.#open = open;
  }

  /** Opens a link for these settings, or shares the one that is open. `status` is told of it until the release. */
  lease(settings: ResolvedSettings, status: StatusFeed): Lease<Link> {
    const key = JSON.stringify(settings);
    const entry = this.#entries.get(key) ?? { link: this.#open(settings), leases: 0 };
    this.#entries.set(key, entry);
    const { link } = entry;
    entry.leases++;
    link.addFeed(status);
    return {
      link,
      release: async () => {
        link.deleteFeed(status);
        if (--entry.leases > 0) return;
        this.#entries.delete(key);
        await link.close();
      },
    };
  }
}
