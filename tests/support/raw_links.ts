import { openTransport } from "../../src/composition.ts";
import { readBody } from "../../src/messages/read_body.ts";
import type { Message } from "../../src/messages/message.ts";
import { resolveSettings } from "../../src/settings/settings.ts";
import type {
  CallerLink,
  Delivery,
  OutgoingRequest,
  OutgoingWord,
} from "../../src/transport/transport.ts";
import type { Adapter, Bench } from "./adapters.ts";
import { deferred, waitFor } from "./wait_for.ts";

/** Waits for a thing. */
async function there<T>(find: () => T | undefined, what: string): Promise<T> {
  const found = await waitFor(find, what);
  if (found === undefined) throw new Error(what);
  return found;
}

/** What a peer sees of a message. */
export interface SeenMessage {
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

function see(message: Message): SeenMessage {
  const { type, id, correlationId, replyTo, headers } = message;
  return { type, id, correlationId, replyTo, headers, body: readBody(message.body, 1e9) };
}

/** A request as a worker of another make has it, which says what it likes. */
export class RawRequest {
  readonly delivery: Delivery;
  readonly seen: SeenMessage;
  readonly #inbox: string;

  constructor(delivery: Delivery, inbox: string) {
    this.delivery = delivery;
    this.seen = see(delivery.message);
    this.#inbox = inbox;
  }

  /** Sends a message; the inbox is named unless told otherwise. */
  say(
    type: string | undefined,
    body: unknown,
    {
      id,
      replyTo = this.#inbox,
      headers,
    }: {
      readonly id?: string;
      readonly replyTo?: string | undefined;
      readonly headers?: Record<string, string>;
    } = {},
  ): void {
    this.delivery.reply({
      type,
      id,
      replyTo,
      headers,
      contentType: "application/json",
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }
}

/** A worker of another make: it hears what its callers say, and answers what a test tells it to. */
export class RawWorker {
  readonly words: SeenMessage[] = [];
  readonly requests: RawRequest[] = [];
  /** The name of its control queue. */
  inbox = "";

  static async open(adapter: Adapter, bench: Bench, route: string): Promise<RawWorker> {
    const worker = new RawWorker();
    const transport = await openTransport(resolveSettings(adapter.settings));
    const link = transport.openConsumer({ onStatus() {} });
    bench.onDispose(() => link.close());
    const source = { queue: route, declare: {}, bindings: [], isAnswered: true };
    const intake = link.consume(source, 100);
    await intake.ready;
    worker.inbox =
      (await link.openInbox({
        onWord: (word) => void worker.words.push(see(word)),
        onLost() {},
      })) ?? "";
    void (async () => {
      for await (const delivery of intake)
        worker.requests.push(new RawRequest(delivery, worker.inbox));
    })();
    return worker;
  }

  /** The request that came as the `count`th. */
  request(count = 1): Promise<RawRequest> {
    return there(() => this.requests[count - 1], `request ${count}`);
  }

  /** Gives its requests back while `use` waits for another worker to take one: the broker may give it the same one again. */
  async whileGivingBack(use: () => Promise<void>): Promise<void> {
    const giveBack = (): void => this.requests.at(-1)?.delivery.release();
    giveBack();
    const again = setInterval(giveBack, 20);
    try {
      await use();
    } finally {
      clearInterval(again);
    }
  }

  /** The first word of a type. */
  word(type: string): Promise<SeenMessage> {
    return there(() => this.words.find((word) => word.type === type), `a word of type ${type}`);
  }
}

/** A caller of another make. */
export class RawCaller {
  readonly replies: SeenMessage[] = [];
  /** The queues that words came back from. */
  readonly returned: string[] = [];
  readonly #link: CallerLink;

  private constructor(link: CallerLink) {
    this.#link = link;
  }

  static async open(adapter: Adapter, bench: Bench): Promise<RawCaller> {
    const transport = await openTransport(resolveSettings(adapter.settings));
    const ready = deferred();
    const events = {
      onStatus: ({ state }: { readonly state: string }) => {
        if (state === "ready") ready.resolve();
      },
      onLost() {},
      onUnroutable() {},
      onReply: (message: Message) => void caller.replies.push(see(message)),
      onWordReturned: (to: string) => void caller.returned.push(to),
    };
    const link = transport.openCaller(events);
    const caller = new RawCaller(link);
    bench.onDispose(() => link.close());
    await ready.promise;
    return caller;
  }

  send(request: Partial<OutgoingRequest> & Pick<OutgoingRequest, "route">): void {
    this.#link.send({
      type: undefined,
      correlationId: crypto.randomUUID(),
      body: "null",
      expiresAt: performance.now() + 60_000,
      headers: undefined,
      sentBytes: 0,
      ...request,
    });
  }

  say(word: OutgoingWord): void {
    this.#link.say(word);
  }

  /** The first reply of a type. */
  reply(type: string | undefined): Promise<SeenMessage> {
    return there(() => this.replies.find((reply) => reply.type === type), `a reply: ${type}`);
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
