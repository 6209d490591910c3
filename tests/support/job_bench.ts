import { after, before, describe } from "node:test";

import type { JobClientOptions, Settings, WorkerOptions } from "../../mod.ts";
import { JobClient, JobRegistry, Worker } from "../../mod.ts";
import { deadQueueName, jobQueueName } from "../../src/jobs/job_queues.ts";
import { processLoopback } from "../../src/transport/loopback/loopback_broker.ts";
import { brokerURL, withChannel } from "./broker.ts";
import { needsRabbitMQServer, PrivateBroker } from "./private_broker.ts";

/**
 * The broker of the whole run, where nobody else uses it. The queues of delays have the same names for everybody and stay, so
 * on a broker that others may use, the tests start one of their own.
 */
const ownBroker = process.env["BGTASKS_TEST_OWN_BROKER"] === "1" ? brokerURL : undefined;

/** What jobs are tried on. */
export interface JobAdapter {
  readonly name: "loopback" | "RabbitMQ";
  /** Where the broker is, if there is one. */
  url(): string;
  /** Opens a bench; `await using` clears it. */
  open(): JobBench;
}

/** Clients and workers of one test, with routes nobody else uses. */
export class JobBench implements AsyncDisposable {
  readonly jobs: JobRegistry = new JobRegistry();
  readonly settings: Settings;
  readonly isLoopback: boolean;
  readonly #id = crypto.randomUUID().slice(0, 8);
  readonly #routes: Set<string> = new Set();
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(settings: Settings, isLoopback: boolean) {
    this.settings = settings;
    this.isLoopback = isLoopback;
  }

  /** A route of this test alone. */
  route(name = "job"): string {
    const route = `test.${this.#id}.${name}`;
    this.#routes.add(route);
    return route;
  }

  client({ settings, ...options }: JobClientOptions = {}): JobClient {
    const client = new JobClient({ ...options, settings: { ...this.settings, ...settings } });
    this.onDispose(() => client.close());
    return client;
  }

  /** A started worker of this bench's jobs. */
  async worker({ settings, ...options }: WorkerOptions = {}): Promise<Worker> {
    const worker = new Worker({
      jobs: this.jobs,
      drainTimeout: 1_000,
      ...options,
      settings: { ...this.settings, ...settings },
    });
    this.onDispose(() => worker.stop());
    await worker.start();
    return worker;
  }

  /** How many jobs of a route wait for a worker. */
  waiting(route: string): Promise<number> {
    return this.#size(jobQueueName(route));
  }

  /** How many dead letters a route has. */
  dead(route: string): Promise<number> {
    return this.#size(deadQueueName(jobQueueName(route)));
  }

  onDispose(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    if (!this.isLoopback) await this.#deleteQueues();
  }

  async #deleteQueues(): Promise<void> {
    // Of a cluster any node will do.
    const [url] = [this.settings.url].flat();
    await withChannel(async (channel) => {
      for (const route of this.#routes) {
        const queue = jobQueueName(route);
        await channel.queueDelete(queue);
        await channel.queueDelete(deadQueueName(queue));
      }
    }, url);
  }

  async #size(queue: string): Promise<number> {
    if (this.isLoopback) return processLoopback.queue(queue)?.size ?? 0;
    const { url } = this.settings;
    const { messageCount } = await withChannel(
      (channel) => channel.queueDeclare(queue, { passive: true }),
      String(url),
    );
    return messageCount;
  }
}

/** Defines tests that count or change what all jobs of a broker share. */
export function onPrivateJobBroker(subject: string, define: (adapter: JobAdapter) => void): void {
  defineOnBroker(subject, define, undefined);
}

/** Defines the same tests for both adapters. */
export function onBothJobAdapters(subject: string, define: (adapter: JobAdapter) => void): void {
  const url = (): never => {
    throw new Error("The loopback has no broker");
  };
  const open = (): JobBench => new JobBench({ environment: "test" }, true);
  describe(`${subject} over the loopback`, () => define({ name: "loopback", url, open }));
  onJobBroker(`${subject} over RabbitMQ`, define);
}

/** Defines tests for RabbitMQ alone. */
export function onJobBroker(subject: string, define: (adapter: JobAdapter) => void): void {
  defineOnBroker(subject, define, ownBroker);
}

/** @param shared where the broker is that they share with others; undefined: they have one to themselves */
function defineOnBroker(
  subject: string,
  define: (adapter: JobAdapter) => void,
  shared: string | undefined,
): void {
  describe(subject, shared === undefined ? needsRabbitMQServer : {}, () => {
    let started: PrivateBroker | undefined;
    before(async () => {
      if (shared === undefined) started = await PrivateBroker.start();
    });
    after(async () => {
      await started?.[Symbol.asyncDispose]();
    });
    const url = (): string => {
      const found = started?.node.url ?? shared;
      if (found === undefined) throw new Error("The broker has not started");
      return found;
    };
    const open = (): JobBench => {
      const reconnect = { initial: 20, max: 300 };
      return new JobBench({ url: url(), environment: "", reconnect }, false);
    };
    define({ name: "RabbitMQ", url, open });
  });
}
