import { ClosedError, TaskError } from "../errors.ts";
import { logger } from "../log.ts";
import type { Message } from "../messages/message.ts";
import type { Schema } from "../schema/schema.ts";
import { Peers } from "../streams/peers.ts";
import { readNumber } from "../streams/read_number.ts";
import {
  ALIVE,
  CANCEL,
  CANCELLABLE,
  CREDIT,
  DEADLINE_HEADER,
  END,
  ITEMS,
  sendsItems,
  takesItems,
  WINDOW_HEADER,
} from "../streams/stream_types.ts";
import { DEFAULT_WINDOW } from "../streams/window.ts";
import type { TaskRecord } from "../tasks/rpc_task.ts";
import { Deadlines } from "../time/deadlines.ts";
import type { Inbox } from "../transport/transport.ts";
import { isAsyncIterable } from "./check_items.ts";
import { collectItems } from "./collect_items.ts";
import { IncomingItems } from "./incoming_items.ts";
import type { RequestContext } from "./request_context.ts";
import type { Outcome } from "./run_task.ts";
import { badRequest, fail, runTask, succeed } from "./run_task.ts";
import { Session } from "./session.ts";
import { settleCall } from "./settle_call.ts";
import { StreamSender } from "./stream_sender.ts";
import { Refusal } from "./task_failures.ts";

const log = /* @__PURE__ */ logger("worker");

/** How many streams one worker has open at a time, at most. */
const MAX_STREAMS = 10_000;

/** Opens the queue that callers of a worker write to; `undefined` when the broker does not let it have one. */
export type OpenInbox = (inbox: Inbox) => Promise<string | undefined>;

/** The requests of one worker whose callers may say something about them while they run, by correlation id. */
export class Sessions implements Inbox {
  readonly #openInbox: OpenInbox;
  readonly #deadlines = new Deadlines();
  readonly #byId = new Map<string, Session>();
  readonly #byRequest = new Map<RequestContext, Session>();
  readonly #callers: Peers<Session>;
  #streams = 0;
  /** The queue's name, once asked for. */
  #inbox: Promise<string | undefined> | undefined;

  constructor(openInbox: OpenInbox) {
    this.#openInbox = openInbox;
    this.#callers = new Peers(this.#deadlines, {
      isResting: () => [...this.#byId.values()].some(({ request }) => request.delivery.isHeldUp),
      onSilent: ({ sessions }) => {
        for (const session of [...sessions]) this.#abandon(session, "The caller is silent");
      },
    });
  }

  /** Runs a task for a request of a type of its own. Never rejects. */
  async run(
    task: TaskRecord | undefined,
    request: RequestContext,
    maxBytes: number,
  ): Promise<Outcome> {
    const { replyTo, redelivered } = request.delivery.message;
    try {
      const inbox = replyTo === undefined ? undefined : await this.#findInbox();
      // Its link was lost, or the worker has stopped meanwhile: it comes again, here or elsewhere.
      if (request.delivery.isStale) return succeed(undefined);
      const receives = this.#findReceived(task, request, inbox);
      // Answered as a plain call: its caller gets one list.
      if (inbox === undefined || replyTo === undefined) return runTask(task, request, maxBytes);
      const before = this.#stillRunning(request.correlationId);
      // Sent again by a caller whose link was lost: a word of the caller could mean either, so that it is about the first.
      if (before && request.delivery.message.type === CANCELLABLE)
        return runTask(task, request, maxBytes);
      const session = this.#begin(request, inbox, replyTo, before);
      // Its caller may have items of it already, and then wants no others.
      const mayHaveItems = session.isStream || receives;
      if (mayHaveItems && redelivered && !(await isWanted(session))) return succeed(undefined);
      if (receives) this.#receive(session, receives, maxBytes);
      return await runTask(task, request, maxBytes);
    } catch (error) {
      return fail(error, request);
    }
  }

  /** Tells the caller what came of a request, and ends the delivery. Never throws and never rejects. */
  settle(outcome: Outcome, request: RequestContext, maxBytes: number): void | Promise<void> {
    const session = this.#byRequest.get(request);
    if (outcome.ok && isAsyncIterable(outcome.value)) {
      if (session?.isStream) return this.#send(session, outcome.value, maxBytes);
      return this.#collect(session, outcome.value, request, maxBytes);
    }
    this.#reply(session, outcome, request, maxBytes);
  }

  /** Ends what is still open, because the worker stops. */
  stop(): void {
    for (const { request } of [...this.#byId.values()]) request.stop?.();
  }

  onWord(word: Message): void {
    const { correlationId = "", type = "" } = word;
    const session = this.#byId.get(correlationId);
    // It has ended meanwhile, or somebody made the word up.
    if (!session) return log.debug("dropped a word about nothing: {type}", { type });
    this.#callers.heard(session.place.caller);
    if (type === CREDIT) session.allow(readNumber(word));
    else if (type === ALIVE) session.write(ALIVE, "null");
    else if (type === ITEMS || type === END) session.incoming?.take(word);
    else if (type === CANCEL) this.#abandon(session, "The caller has given the request up");
    else log.debug("dropped a word of an unknown type: {type}", { type });
  }

  onLost(): void {
    this.#inbox = undefined;
    for (const session of [...this.#byId.values()]) this.#loseIfCutOff(session);
  }

  #findInbox(): Promise<string | undefined> {
    this.#inbox ??= this.#openInbox(this).catch(() => {
      // The link was lost meanwhile: asked for again by the next request.
      this.#inbox = undefined;
      return undefined;
    });
    return this.#inbox;
  }

  /** What runs here under the correlation id of another request. */
  #stillRunning(correlationId: string): Session | undefined {
    const before = this.#byId.get(correlationId);
    if (before) this.#loseIfCutOff(before);
    return before?.isOver === false ? before : undefined;
  }

  #begin(
    request: RequestContext,
    inbox: string,
    caller: string,
    before: Session | undefined,
  ): Session {
    const { correlationId, delivery } = request;
    const { headers } = delivery.message;
    const isStream = takesItems(delivery.message.type);
    if (correlationId === "" || before) {
      const rule = "The correlation id must be that of no other request which runs here.";
      throw new Refusal(new TaskError("bad_request", rule));
    }
    if (isStream && this.#streams >= MAX_STREAMS) {
      const rule = `The worker of "${request.route}" has ${MAX_STREAMS} open streams, and takes no more.`;
      throw new Refusal(new TaskError("busy", rule));
    }
    const place = { deadlines: this.#deadlines, inbox, caller };
    const session = new Session(request, place, isStream ? readWindow(headers) : undefined);
    if (isStream) {
      this.#streams++;
      const deadline = readHeader(headers, DEADLINE_HEADER);
      request.waitsUntil = deadline > 0 ? performance.now() + deadline : Infinity;
    }
    this.#byId.set(correlationId, session);
    this.#byRequest.set(request, session);
    this.#callers.add(caller, session);
    return session;
  }

  /** The schema of the items that come with a request; undefined where none come. */
  #findReceived(
    task: TaskRecord | undefined,
    { route, delivery }: RequestContext,
    inbox: string | undefined,
  ): Schema | undefined {
    if (!task || !sendsItems(delivery.message.type)) return undefined;
    const { receives } = task.options;
    if (!receives) throw badRequest(`The task "${route}" receives no items: call it without send.`);
    if (inbox !== undefined) return receives;
    const rule = `The worker of "${route}" has no control queue, and can receive no items.`;
    throw new Refusal(new TaskError("not_served", rule));
  }

  #receive(session: Session, schema: Schema, maxBytes: number): void {
    const { request } = session;
    const incoming = new IncomingItems(session, schema, maxBytes);
    session.incoming = incoming;
    request.incoming = incoming;
    request.stop = (): void => {
      // Nobody else can take the items from the beginning.
      if (!incoming.isAskedFor) return request.delivery.release();
      const rule = `The worker of "${request.route}" is stopping.`;
      settleCall(fail(new Refusal(new TaskError("stopping", rule)), request), request, maxBytes);
      request.isExpired = true;
      incoming.fail(new ClosedError("The worker is stopping"));
      this.#end(session);
    };
  }

  #send(session: Session, items: AsyncIterable<unknown>, maxBytes: number): Promise<void> {
    const sender = new StreamSender(session, items, maxBytes, () => this.#end(session));
    return new Promise((resolve) => {
      session.onLong = resolve;
      void sender.run().then(resolve);
    });
  }

  async #collect(
    session: Session | undefined,
    items: AsyncIterable<unknown>,
    request: RequestContext,
    maxBytes: number,
  ): Promise<void> {
    this.#reply(session, await collectItems(items, request, maxBytes), request, maxBytes);
  }

  #reply(
    session: Session | undefined,
    outcome: Outcome,
    request: RequestContext,
    maxBytes: number,
  ): void {
    if (session) {
      // A caller that hears from no session would take this worker for one that takes no items.
      if (session.incoming) session.open();
      this.#end(session);
    }
    settleCall(outcome, request, maxBytes);
  }

  #loseIfCutOff(session: Session): void {
    if (session.request.delivery.isCutOff) this.#abandon(session, "The link is gone");
  }

  /** Stops a request that nobody waits for. */
  #abandon(session: Session, why: string): void {
    const reason = new DOMException(why, "AbortError");
    session.incoming?.fail(reason);
    this.#end(session);
    session.request.abandon(reason);
    session.request.delivery.ack();
  }

  #end(session: Session): void {
    if (session.isOver) return;
    session.end();
    this.#byId.delete(session.id);
    this.#byRequest.delete(session.request);
    this.#callers.delete(session.place.caller, session);
    if (session.isStream) this.#streams--;
  }
}

/** Asks the caller of a request that was delivered before whether it still wants the stream. */
async function isWanted(session: Session): Promise<boolean> {
  const credit = session.takeCredit();
  session.open();
  await credit;
  return !session.isOver;
}

function readWindow(headers: Readonly<Record<string, unknown>>): number {
  const window = readHeader(headers, WINDOW_HEADER);
  return window >= 1 ? window : DEFAULT_WINDOW;
}

/** The number that a header has; NaN if it has none. A caller may have written anything. */
function readHeader(headers: Readonly<Record<string, unknown>>, name: string): number {
  const value = headers[name];
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
}
