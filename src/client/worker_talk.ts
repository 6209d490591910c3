import { ConnectionLostError, ProtocolError, type BgtasksError } from "../errors.ts";
import { logger } from "../log.ts";
import type { Message } from "../messages/message.ts";
import { describeThrown, quote } from "../messages/printable.ts";
import { Peers } from "../streams/peers.ts";
import { readNumber } from "../streams/read_number.ts";
import { ALIVE, CANCEL, CREDIT, OPEN } from "../streams/stream_types.ts";
import type { Deadlines } from "../time/deadlines.ts";
import type { OutgoingWord } from "../transport/transport.ts";
import type { SendingCall } from "./item_sender.ts";
import type { PendingCall } from "./pending_call.ts";

const log = logger("client");

/** How brokers name the queues of workers that callers may write to. A worker must not make a caller write anywhere else. */
const INBOX = /^amq\.gen-[\w+/=-]{1,64}$/;

/** How many words to keep that could not go out. */
const MAX_OWED = 10_000;

/** The table of calls that this talks about. */
export interface CallTable {
  /** Whether the link takes anything at the moment. */
  readonly isReady: boolean;
  /** @returns how many bytes the body takes; 0 when the link is not ready */
  say(word: OutgoingWord): number;
  /** Whether a call was one of this table's. */
  isOwn(correlationId: string): boolean;
  /** Ends a call that its maker does not want any more, and tells its worker. */
  giveUp(call: PendingCall, reason: unknown): void;
  /** Takes a call out of the table; undefined when it has left before. */
  end(call: PendingCall): PendingCall | undefined;
  /** A worker has begun a stream. */
  onBegun(call: PendingCall): void;
  /** No worker has a stream any more, and another one may begin it. */
  onWaiting(call: PendingCall): void;
}

/** What a caller hears from the workers of calls that are under way, and what it tells them. */
export class WorkerTalk {
  /** Whether the broker takes nothing from us at the moment. */
  isBlocked = false;
  readonly #table: CallTable;
  readonly #maxReplyBytes: number;
  readonly #workers: Peers<PendingCall>;
  #owed: OutgoingWord[] = [];

  constructor(table: CallTable, deadlines: Deadlines, maxReplyBytes: number) {
    this.#table = table;
    this.#maxReplyBytes = maxReplyBytes;
    this.#workers = new Peers(deadlines, {
      isResting: () => this.isBlocked,
      onQuiet: ({ sessions }) => {
        const [call] = sessions;
        if (!call) return;
        // In turn: the worker may have lost one of them, and answers about the others.
        sessions.delete(call);
        sessions.add(call);
        this.#say(call, ALIVE);
      },
      onSilent: ({ sessions }) => this.#onGone(sessions, "is silent"),
    });
  }

  /** Takes a message of a type of ours. */
  onFrame(call: PendingCall | undefined, message: Message): void {
    const { correlationId = "", replyTo, type = "" } = message;
    if (!call) return this.#onStray(correlationId, message);
    if (replyTo !== undefined && replyTo !== call.inbox && !this.#meet(call, replyTo)) return;
    const { inbox, stream, sender, route } = call;
    if (inbox === undefined) {
      const rule = "its first message does not name a queue of its worker";
      return this.#fail(call, new ProtocolError(`Cannot read the reply of "${route}": ${rule}`));
    }
    this.#workers.heard(inbox);
    if (type === ALIVE) return;
    if (type === OPEN) {
      // It may wait for that, because another worker had the request before.
      if (stream) this.#say(call, CREDIT, stream.allowed);
      else if (sender) this.#say(call, CREDIT, 1);
      return;
    }
    if (sender && type === CREDIT) return sender.allow(readNumber(message));
    if (sender && type === CANCEL) return sender.stop();
    if (!stream) {
      const rule = `its type ${quote(type)} is not that of a reply`;
      return this.#fail(call, new ProtocolError(`Cannot read the reply of "${route}": ${rule}`));
    }
    try {
      const end = stream.take(message, this.#maxReplyBytes);
      if (end) this.#table.end(call)?.finish(end.returned);
    } catch (error) {
      this.#fail(call, error);
    }
  }

  /** The reader of a stream has room for more. */
  allow(call: PendingCall): void {
    if (call.stream && call.inbox !== undefined) this.#say(call, CREDIT, call.stream.allowed);
  }

  /** What the sender of a call's items knows of it. */
  sendingOf(call: PendingCall): SendingCall {
    const table = this.#table;
    const workers = this.#workers;
    return {
      get isOpen() {
        return table.isReady;
      },
      get hasWorker() {
        return call.inbox !== undefined;
      },
      say(type, body, id) {
        const { inbox: to, correlationId } = call;
        if (to === undefined) return 0;
        workers.told(to);
        return table.say({ to, type, id, correlationId, body });
      },
      fail: (error) => table.giveUp(call, error),
    };
  }

  /** A call has left the table. */
  onEnd(call: PendingCall): void {
    if (call.inbox !== undefined) this.#workers.delete(call.inbox, call);
  }

  /** Tells the worker of a call that nobody waits for it. One that is not known yet is told when it begins. */
  giveUp(call: PendingCall): void {
    if (call.inbox !== undefined) this.#say(call, CANCEL);
  }

  /** The queue of a worker is gone. */
  onReturned(inbox: string): void {
    const worker = this.#workers.take(inbox);
    if (worker) this.#onGone(worker.sessions, "is gone");
  }

  /** The link is back: whoever works in vain hears of it now. */
  onReady(calls: Iterable<PendingCall>): void {
    const owed = this.#owed;
    this.#owed = [];
    for (const word of owed) this.#sendWord(word);
    // And whoever could not go on while the broker took nothing.
    for (const call of calls) {
      this.allow(call);
      call.sender?.wake();
    }
  }

  /** @returns whether the call goes on with this worker */
  #meet(call: PendingCall, inbox: string): boolean {
    const { stream, sender, route } = call;
    if (!INBOX.test(inbox)) {
      const rule = `its worker names a queue that is not one of the broker's naming: ${quote(inbox)}`;
      this.#fail(call, new ProtocolError(`Cannot read the reply of "${route}": ${rule}`));
      return false;
    }
    const before = call.inbox;
    if (before !== undefined) {
      // The broker has taken the request from it.
      this.#say(call, CANCEL);
      this.#workers.delete(before, call);
    }
    call.inbox = inbox;
    if (stream?.hasItems || sender?.isBegun) {
      this.#fail(call, workerLost(route, "has lost the request to another one"));
      return false;
    }
    this.#workers.add(inbox, call);
    if (stream && !stream.isBegun) {
      stream.isBegun = true;
      this.#table.onBegun(call);
    }
    return true;
  }

  #onGone(calls: Iterable<PendingCall>, how: string): void {
    for (const call of [...calls]) {
      const { stream, sender, route } = call;
      call.inbox = undefined;
      const isLost = stream?.hasItems || sender?.isBegun;
      // The broker delivers the request again, as long as it has not expired.
      if (!stream && !isLost) continue;
      if (stream) stream.isBegun = false;
      if (!isLost && performance.now() < call.expiresAt) this.#table.onWaiting(call);
      else this.#table.end(call)?.reject(workerLost(route, how));
    }
  }

  #onStray(correlationId: string, { replyTo, type }: Message): void {
    // A worker begins what was given up before. A peer must not make a caller write about calls of others.
    if (replyTo !== undefined && INBOX.test(replyTo) && this.#table.isOwn(correlationId))
      return this.#sendWord({ to: replyTo, type: CANCEL, correlationId, body: "null" });
    log.debug("dropped a message that nobody waits for: {type} {correlationId}", {
      type,
      correlationId,
    });
  }

  /** Ends a call by what its worker said. */
  #fail(call: PendingCall, error: unknown): void {
    const ended = this.#table.end(call);
    if (!ended) return;
    this.giveUp(call);
    ended.reject(error);
  }

  #say({ inbox, correlationId }: PendingCall, type: string, value: number | null = null): void {
    if (inbox !== undefined)
      this.#sendWord({ to: inbox, type, correlationId, body: String(value) });
  }

  #sendWord(word: OutgoingWord): void {
    try {
      this.#workers.told(word.to);
      if (this.#table.say(word) || word.type !== CANCEL) return;
      if (this.#owed.length < MAX_OWED) this.#owed.push(word);
    } catch (error) {
      log.error("cannot tell a worker about its request: {error}", {
        error: describeThrown(error),
      });
    }
  }
}

function workerLost(route: string, how: string): BgtasksError {
  return new ConnectionLostError(
    `Cannot go on with the stream of "${route}", because its worker ${how}`,
  );
}
