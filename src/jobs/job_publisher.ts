import { openTransportForJobs } from "../job_composition.ts";
import type { ResolvedSettings } from "../settings/settings.ts";
import type { SharedLink } from "../transport/link_pool.ts";
import { LinkPool } from "../transport/link_pool.ts";
import type { StatusFeed } from "../transport/status_feed.ts";
import type {
  LinkEvents,
  LinkStatus,
  OutgoingMessage,
  Published,
  PublisherLink,
  Target,
  Transport,
} from "../transport/transport.ts";

/** Publishes for several clients over one connection. */
export class JobPublisher implements SharedLink, LinkEvents {
  readonly #link: Promise<PublisherLink>;
  /** The same, once it is there and has what waited for it. */
  #open: PublisherLink | undefined;
  /** How many messages wait for the link. */
  #waiting = 0;
  /** The feeds of the clients that share this. */
  readonly #feeds = new Set<StatusFeed>();
  #status: LinkStatus = { state: "idle" };

  constructor(transport: Transport | Promise<Transport>) {
    this.#link = Promise.resolve(transport).then((open) => open.openPublisher(this));
  }

  /** Publishes a message; see {@link PublisherLink.publish}. */
  publish(message: OutgoingMessage, target: Target, giveUpAt: number): Promise<Published> {
    if (this.#open) return this.#open.publish(message, target, giveUpAt);
    this.#waiting++;
    return this.#link.then((link) => {
      // Not before the last of them: what is told to go out in between would go before these.
      if (--this.#waiting === 0) this.#open = link;
      return link.publish(message, target, giveUpAt);
    });
  }

  /** Why the last attempt to connect failed; undefined where the link stands. */
  get problem(): string | undefined {
    const status = this.#status;
    if (status.state === "waiting" || status.state === "refused") return status.error.message;
    return status.state === "blocked"
      ? `the broker blocks those who publish: ${status.reason}`
      : undefined;
  }

  async close(): Promise<void> {
    await (await this.#link).close();
  }

  addFeed(feed: StatusFeed): void {
    this.#feeds.add(feed);
    if (this.#status.state !== "idle") feed.set(this.#status);
  }

  deleteFeed(feed: StatusFeed): void {
    this.#feeds.delete(feed);
  }

  onStatus(status: LinkStatus): void {
    this.#status = status;
    for (const feed of [...this.#feeds]) feed.set(status);
  }
}

/** The publishers of this process. */
export const publishers: LinkPool<JobPublisher> = /* @__PURE__ */ new LinkPool(
  (settings: ResolvedSettings) => new JobPublisher(openTransportForJobs(settings)),
);
