import { Deadlines } from "../time/deadlines.ts";
import {
  BgtasksError,
  ClosedError,
  ConnectionLostError,
  ConnectionRefusedError,
  NoRouteError,
  RPCTimeoutError,
} from "../errors.ts";
import { logger } from "../log.ts";
import type { StatusFeed } from "../transport/status_feed.ts";
import type {
  CallerEvents,
  CallerLink,
  LinkStatus,
  OutgoingWord,
  Transport,
} from "../transport/transport.ts";
import type { Message } from "../messages/message.ts";
import { Numbered } from "../messages/numbered.ts";
import { isOwnType } from "../messages/message_type.ts";
import { describeThrown } from "../messages/printable.ts";
import { abortReason, AbortWatch } from "./abort_watch.ts";
import { CorrelationIds } from "./correlation_ids.ts";
import type { CallRequest, CallWatcher } from "./pending_call.ts";
import { PendingCall } from "./pending_call.ts";
import { readReply } from "./read_reply.ts";
import type { ReplySink } from "./reply_sink.ts";
import { Retry } from "./retry.ts";
import type { CallTable } from "./worker_talk.ts";
import { WorkerTalk } from "./worker_talk.ts";

const log = logger("client");

/**
 * How long before its deadline it is asked who serves the route of a call, at most, in milliseconds: time for two round
 * trips to a broker on another continent. A call of less than twice that is asked about after half of its time.
 */
const ASK_BEFORE = 600;

/** How long after the deadline the answer may come, in milliseconds. */
const COUNT_TIMEOUT = 50;

/**
 * The table of pending calls over one link. A call is in it before it goes out, leaves it once, and whatever was set up
 * for it is cleared when it does.
 */
export class Caller implements CallerEvents, CallWatcher, CallTable {
  readonly #pending = new Numbered<PendingCall>();
  /** Those of the pending calls that are not out, in the order in which they were made. */
  readonly #waiting = new Set<PendingCall>();
  readonly #deadlines = new Deadlines();
  readonly #aborts = new AbortWatch((call, signal) => this.#giveUp(call, abortReason(signal)));
  readonly #ids = new CorrelationIds();
  #link: CallerLink | undefined;
  #status: LinkStatus = { state: "idle" };
  /** The feeds of the clients that share this. */
  readonly #feeds = new Set<StatusFeed>();
  readonly #maxReplyBytes: number;
  /** For the calls that are more than one question and one answer. */
  readonly #talk: WorkerTalk;
  /** Set while the link is ready: a call then goes out without a look at anything else. */
  #ready = false;
  /** Set from the loss of the link until it is ready again. */
  #lost = false;
  /** Why the last attempt to connect failed; none once one succeeded. */
  #lastFailure: BgtasksError | undefined;
  readonly #opened: Promise<void>;

  constructor(transport: Transport | Promise<Transport>, maxReplyBytes: number) {
    this.#maxReplyBytes = maxReplyBytes;
    this.#talk = new WorkerTalk(this, this.#deadlines, maxReplyBytes);
    this.#opened = this.#open(transport);
  }

  /** Starts a call. Never throws: a call that cannot be made rejects. */
  start(request: CallRequest, sink: ReplySink): void {
    const number = this.#pending.next;
    const call = new PendingCall(number, this.#ids.nameOf(number), request, sink, this);
    call.stream?.watch({
      onCredit: () => this.#talk.allow(call),
      onStopped: () => this.#giveUp(call, undefined),
    });
    call.sender?.watch(this.#talk.sendingOf(call));
    if (request.retry)
      call.retry = new Retry(this.#deadlines, () => {
        // It may have gone out meanwhile, because the link was lost and is back.
        if (!call.sent) this.#transmit(call);
      });
    this.#pending.add(call);
    this.#deadlines.add(call, call.expiresAt - Math.min(ASK_BEFORE, call.timeout / 2));
    if (call.signal && !this.#watchSignal(call.signal, call)) return;
    if (call.outerSignal && !this.#watchSignal(call.outerSignal, call)) return;
    this.#transmit(call);
  }

  /** Ends the calls of one owner that are not out yet. */
  rejectUnsent(owner: object, reason: (route: string) => BgtasksError): void {
    for (const call of [...this.#waiting]) {
      if (call.owner === owner) this.#end(call)?.reject(reason(call.route));
    }
  }

  /** Ends the streams of one owner. */
  rejectStreams(owner: object, reason: (route: string) => BgtasksError): void {
    for (const call of [...this.#pending])
      if (call.stream && call.owner === owner) this.#giveUp(call, reason(call.route));
  }

  async close(): Promise<void> {
    await this.#opened;
    await this.#link?.close();
    this.#rejectAll(() => new ClosedError("The connection was closed"));
  }

  /** Tells a feed the status, now and after every change. */
  addFeed(feed: StatusFeed): void {
    this.#feeds.add(feed);
    if (this.#status.state !== "idle") feed.set(this.#status);
  }

  deleteFeed(feed: StatusFeed): void {
    this.#feeds.delete(feed);
  }

  onStatus(status: LinkStatus): void {
    this.#status = status;
    this.#ready = status.state === "ready";
    this.#talk.isBlocked = status.state === "blocked";
    if (status.state === "waiting") this.#lastFailure = status.error;
    if (status.state === "ready") this.#lastFailure = undefined;
    for (const feed of [...this.#feeds]) feed.set(status);
    if (status.state === "refused") this.#rejectWaiting(status.error);
    if (status.state !== "ready") return;
    this.#talk.onReady(this.#pending);
    this.#transmitWaiting();
  }

  onLost(error: BgtasksError, maxRequestBytes: number = Infinity): void {
    this.#ready = false;
    this.#lost = true;
    const Kind =
      error instanceof ConnectionRefusedError ? ConnectionRefusedError : ConnectionLostError;
    for (const call of [...this.#pending]) {
      if (!call.sent) continue;
      if (call.sentBytes > maxRequestBytes) {
        // None of these ran, and sent again each of them would end the link of all again.
        const rule = `the broker takes at most ${maxRequestBytes} bytes, and its input takes ${call.sentBytes}`;
        const text = `Cannot call "${call.route}" as ${rule}`;
        this.#end(call)?.reject(new BgtasksError("too_large", text));
        continue;
      }
      call.consumers = undefined;
      if (call.retry?.outlivesLoss()) {
        this.#talk.onEnd(call);
        call.inbox = undefined;
        call.sent = false;
        this.#waiting.add(call);
        continue;
      }
      if (call.stream || call.sender) this.#talk.giveUp(call);
      const message = `Cannot tell whether "${call.route}" ran as the link dropped during the call: ${error.message}`;
      this.#end(call)?.reject(new Kind(message));
    }
  }

  onReply(message: Message): void {
    const { correlationId = "", type } = message;
    const call = this.#find(correlationId);
    if (type !== undefined && isOwnType(type)) return this.#talk.onFrame(call, message);
    // The reply to a call that timed out or was aborted, or one that a peer made up.
    if (!call)
      return log.debug("dropped a reply that nobody waits for: {correlationId}", { correlationId });
    this.#end(call);
    let reply: unknown;
    try {
      reply = readReply(call.route, message, this.#maxReplyBytes);
    } catch (error) {
      return call.reject(error);
    }
    call.resolve(reply);
  }

  onUnroutable(correlationId: string, detail?: string): void {
    const call = this.#find(correlationId);
    if (!call) return;
    if (!call.retry?.outlivesMissingQueue())
      return this.#end(call)?.reject(new NoRouteError(call.route, detail));
    call.sent = false;
    this.#waiting.add(call);
  }

  onWordReturned(to: string): void {
    this.#talk.onReturned(to);
  }

  get isReady(): boolean {
    return this.#ready;
  }

  isOwn(correlationId: string): boolean {
    return this.#ids.isOwn(correlationId);
  }

  say(word: OutgoingWord): number {
    return this.#link?.say(word) ?? 0;
  }

  giveUp(call: PendingCall, reason: unknown): void {
    this.#giveUp(call, reason);
  }

  end(call: PendingCall): PendingCall | undefined {
    return this.#end(call);
  }

  onBegun(call: PendingCall): void {
    this.#deadlines.delete(call);
    const { deadline } = call;
    if (deadline < Infinity) this.#deadlines.add(call, deadline);
  }

  onWaiting(call: PendingCall): void {
    this.#deadlines.delete(call);
    call.isNearEnd = true;
    this.#deadlines.add(call, call.expiresAt);
  }

  onCallDeadline(call: PendingCall): void {
    const { route, timeout, sent, stream } = call;
    if (stream?.isBegun) {
      const allowed = stream.terms.deadline ?? timeout;
      const rule = "the stream had not come to its end";
      return this.#giveUp(call, new RPCTimeoutError(route, allowed, undefined, rule));
    }
    if (!call.isNearEnd) {
      call.isNearEnd = true;
      if (sent) call.consumers = this.#link?.countConsumers(route);
      return this.#deadlines.add(call, call.expiresAt);
    }
    const queueIsGone = call.retry?.waitsForQueue === true;
    this.#end(call);
    if (sent) return void this.#rejectLate(call);
    const consumers = queueIsGone ? 0 : undefined;
    const reason = queueIsGone ? "its queue is gone since the link dropped" : this.#whyUnsent();
    call.reject(new RPCTimeoutError(route, timeout, consumers, reason));
  }

  async #open(transport: Transport | Promise<Transport>): Promise<void> {
    try {
      this.#link = (await transport).openCaller(this);
    } catch (error) {
      log.error("cannot load the transport: {error}", { error });
      this.#rejectAll(() => new ConnectionLostError("Cannot load the transport"));
    }
  }

  #transmitWaiting(): void {
    const isBack = this.#lost;
    this.#lost = false;
    // A copy: what goes out leaves the set.
    for (const call of [...this.#waiting]) {
      if (isBack) call.retry?.onLinkBack();
      this.#transmit(call);
    }
  }

  #transmit(call: PendingCall): void {
    const sent = this.#ready && this.#send(call);
    if (sent === true) {
      call.markSent();
      this.#waiting.delete(call);
      return;
    }
    if (sent !== false) return this.#end(call)?.reject(sent);
    this.#waiting.add(call);
    // A link that was refused tries once more for a new call, by being asked.
    if (this.#status.state === "refused") this.#send(call);
  }

  #send(call: PendingCall): boolean | BgtasksError {
    try {
      return this.#link?.send(call) ?? false;
    } catch (error) {
      log.error("cannot send a call of {route}: {error}", { route: call.route, error });
      if (error instanceof BgtasksError) return error;
      return new ConnectionLostError(`Cannot send "${call.route}": ${describeThrown(error)}`);
    }
  }

  /** Listens to a call's signal; says no when the signal has ended the call by that. */
  #watchSignal(signal: AbortSignal, call: PendingCall): boolean {
    try {
      this.#aborts.add(signal, call);
      // What was aborted before, e.g. while the input was written, tells no listener.
      if (!signal.aborted) return true;
      this.#end(call)?.reject(abortReason(signal));
    } catch (error) {
      this.#end(call)?.reject(error);
    }
    return false;
  }

  #find(correlationId: string): PendingCall | undefined {
    const call = this.#pending.get(this.#ids.numberOf(correlationId));
    return call?.correlationId === correlationId ? call : undefined;
  }

  /** Takes a call out of the table; undefined when it has left before. */
  #end(call: PendingCall): PendingCall | undefined {
    if (!this.#pending.take(call.number)) return undefined;
    if (!call.sent) this.#waiting.delete(call);
    call.retry?.end();
    this.#deadlines.delete(call);
    if (call.signal) this.#aborts.delete(call.signal, call);
    if (call.outerSignal) this.#aborts.delete(call.outerSignal, call);
    if (call.inbox !== undefined) this.#talk.onEnd(call);
    return call;
  }

  /** Ends a call that its maker does not want any more, and tells its worker. */
  #giveUp(call: PendingCall, reason: unknown): void {
    const ended = this.#end(call);
    if (!ended) return;
    this.#talk.giveUp(call);
    ended.reject(reason, true);
  }

  async #rejectLate(call: PendingCall): Promise<void> {
    const { route, timeout } = call;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const noAnswer = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, COUNT_TIMEOUT, undefined);
    });
    const asked = call.consumers ?? this.#link?.countConsumers(route);
    // oxlint-disable-next-line eslint/no-restricted-properties -- both end soon
    const consumers = await Promise.race([asked, noAnswer]);
    clearTimeout(timer);
    const detail =
      consumers === undefined
        ? "no reply came"
        : consumers === 0
          ? "nobody serves it"
          : `no reply came, though it has ${consumers} consumer${consumers === 1 ? "" : "s"}`;
    call.reject(new RPCTimeoutError(route, timeout, consumers, detail));
  }

  #whyUnsent(): string {
    const status = this.#status;
    if (status.state === "blocked")
      return `the broker takes no requests at the moment: ${status.reason}`;
    if (this.#lastFailure) return `the call could not be sent. ${this.#lastFailure.message}`;
    return "there was no connection to the broker yet";
  }

  #rejectWaiting(error: BgtasksError): void {
    for (const call of [...this.#waiting]) this.#end(call)?.reject(error);
  }

  #rejectAll(error: () => BgtasksError): void {
    for (const call of [...this.#pending]) this.#end(call)?.reject(error());
  }
}
