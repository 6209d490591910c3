import { ConnectionLostError, type BgtasksError } from "../../errors.ts";
import type { ResolvedSettings } from "../../settings/settings.ts";
import type {
  ConsumerLink,
  Goodbye,
  Inbox,
  Intake,
  LinkEvents,
  LinkStatus,
  Source,
} from "../transport.ts";
import type { BrokerConnection } from "./connection/broker_connection.ts";
import { CallerClocks } from "./caller_clocks.ts";
import { openInboxQueue } from "./inbox_queue.ts";
import { ReplyToGuard } from "./reply_to/reply_to_guard.ts";
import { ReplyToRule } from "./reply_to/reply_to_rule.ts";
import { SourceConsumer } from "./source_consumer.ts";
import type { Session, KeptWork } from "./connection/connection_keeper.ts";
import { ConnectionKeeper } from "./connection/connection_keeper.ts";

/** Takes messages from RabbitMQ: one connection, a channel for each source. */
export class AMQPConsumer implements ConsumerLink, KeptWork {
  readonly #settings: ResolvedSettings;
  readonly #events: LinkEvents;
  readonly #replyTo: ReplyToGuard;
  readonly #clocks = new CallerClocks();
  readonly #keeper: ConnectionKeeper;
  readonly #consumers = new Set<SourceConsumer>();
  #connection: BrokerConnection | undefined;

  constructor(settings: ResolvedSettings, events: LinkEvents) {
    this.#settings = settings;
    this.#events = events;
    const options = { settings, name: `${settings.name} worker`, keepsProcessAlive: true };
    this.#keeper = new ConnectionKeeper(options, this);
    this.#replyTo = new ReplyToGuard(new ReplyToRule(settings.allowReplyTo), (signal) =>
      this.#keeper.openAnother(`${settings.name} worker's trials of reply queues`, signal),
    );
    this.#keeper.start();
  }

  consume(source: Source, prefetch: number): Intake {
    const consumer = new SourceConsumer(source, prefetch, {
      replyTo: this.#replyTo,
      clocks: this.#clocks,
      appId: this.#settings.name,
      // A permission that is missing stays missing: no attempt of ours would change it.
      onRefused: (error) => this.#events.onStatus({ state: "refused", error }),
    });
    this.#consumers.add(consumer);
    if (this.#connection) void consumer.run(this.#connection);
    const { status } = this.#keeper;
    if (status.state === "refused") consumer.refuse(status.error);
    return consumer;
  }

  openInbox(inbox: Inbox): Promise<string | undefined> {
    if (this.#connection) return openInboxQueue(this.#connection, inbox);
    return Promise.reject(new ConnectionLostError("There is no connection to the broker"));
  }

  async close(goodbye?: Goodbye): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await this.#replyTo.close();
    await this.#keeper.close(goodbye);
  }

  setUp(connection: BrokerConnection): Promise<Session> {
    this.#connection = connection;
    this.#replyTo.begin(connection);
    for (const consumer of this.#consumers) void consumer.run(connection);
    // Each consumer sets itself up again; only the loss of the connection ends the session.
    return Promise.resolve({ lost: new Promise(() => {}) });
  }

  onLost(_error: BgtasksError): void {
    this.#connection = undefined;
  }

  onStatus(status: LinkStatus): void {
    if (status.state === "refused")
      for (const consumer of this.#consumers) consumer.refuse(status.error);
    this.#events.onStatus(status);
  }
}
