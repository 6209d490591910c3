import type { Deadlines, Expiring } from "../time/deadlines.ts";

/** How often to look at the peers, in milliseconds. */
const LOOK_INTERVAL = 1_000;

/** How long a caller says or hears nothing, at most, before it gives a sign of life, in milliseconds. */
const SIGN_INTERVAL = 10_000;

/** After so long a silence the other side counts as gone, in milliseconds. */
const SILENCE = 30_000;

/** One process at the other side, and what we have in common with it. */
export interface Peer<Session> {
  /** The queue by which it is known. */
  readonly name: string;
  readonly sessions: Set<Session>;
  /** By `performance.now()`. */
  heardAt: number;
  /** When it last got something from us, by `performance.now()`. */
  toldAt: number;
  /** When we last gave a sign of life, by `performance.now()`: the other side gives one back. */
  askedAt: number;
}

/** What is done about the peers. */
export interface PeerWatcher<Session> {
  /** Whether silence means nothing now, because the broker takes nothing from us, or perhaps from nobody. */
  isResting(): boolean;
  /** A peer has got nothing from us for a while, or we have got nothing from it. */
  onQuiet?(peer: Peer<Session>): void;
  /** Nothing came from a peer for so long that it counts as gone. It has been forgotten. */
  onSilent(peer: Peer<Session>): void;
}

/**
 * The processes at the other side that we have open sessions with, and when they were last heard. Only the silence tells of a
 * process that is gone without a word: a broker tells nobody that the reader of a reply queue has left.
 */
export class Peers<Session> implements Expiring {
  tick = 0;
  readonly #peers = new Map<string, Peer<Session>>();
  readonly #deadlines: Deadlines;
  readonly #watcher: PeerWatcher<Session>;

  constructor(deadlines: Deadlines, watcher: PeerWatcher<Session>) {
    this.#deadlines = deadlines;
    this.#watcher = watcher;
  }

  add(name: string, session: Session): void {
    const now = performance.now();
    let peer = this.#peers.get(name);
    if (!peer) {
      peer = { name, sessions: new Set(), heardAt: now, toldAt: now, askedAt: now };
      this.#peers.set(name, peer);
    }
    peer.heardAt = now;
    peer.sessions.add(session);
    if (this.tick === 0) this.#deadlines.add(this, now + LOOK_INTERVAL);
  }

  /** Forgets a peer with its last session. */
  delete(name: string, session: Session): void {
    const peer = this.#peers.get(name);
    if (!peer?.sessions.delete(session) || peer.sessions.size > 0) return;
    this.#peers.delete(name);
    if (this.#peers.size === 0) this.#deadlines.delete(this);
  }

  heard(name: string): void {
    const peer = this.#peers.get(name);
    if (peer) peer.heardAt = performance.now();
  }

  told(name: string): void {
    const peer = this.#peers.get(name);
    if (peer) peer.toldAt = performance.now();
  }

  /** Forgets a peer. @returns it, if it was known */
  take(name: string): Peer<Session> | undefined {
    const peer = this.#peers.get(name);
    this.#peers.delete(name);
    if (this.#peers.size === 0) this.#deadlines.delete(this);
    return peer;
  }

  onDeadline(): void {
    const now = performance.now();
    const isResting = this.#watcher.isResting();
    for (const peer of [...this.#peers.values()]) {
      if (isResting) peer.heardAt = now;
      if (now - peer.heardAt >= SILENCE) {
        this.take(peer.name);
        this.#watcher.onSilent(peer);
      } else if (now - quietSince(peer) >= SIGN_INTERVAL - LOOK_INTERVAL) {
        peer.askedAt = now;
        this.#watcher.onQuiet?.(peer);
      }
    }
    if (this.#peers.size > 0 && this.tick === 0) this.#deadlines.add(this, now + LOOK_INTERVAL);
  }
}

function quietSince({ heardAt, toldAt, askedAt }: Peer<unknown>): number {
  return Math.max(Math.min(heardAt, toldAt), askedAt);
}
