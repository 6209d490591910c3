import { after, before, describe } from "node:test";

import type { JobClientOptions, Settings, WorkerOptions } from "../../mod.ts";
import { JobClient, JobRegistry, Worker } from "../../mod.ts";
import { deadQueueName, jobQueueName } from "../../src/jobs/job_queues.ts";
import { processLoopback } from "../../src/transport/loopback/loopback_broker.ts";
import { needsRabbitMQServer, PrivateBroker } from "./private_broker.ts";
import { brokerURL, deleteQueue, withChannel } from "./broker.ts";

/** What jobs are tried on. The queues of delays have the same names for everybody, so RabbitMQ's is of one test file alone. */
export interface JobAdapter {
  readonly name: "loopback" | "RabbitMQ";
  /** The broker itself, where there is one. */
  broker(): PrivateBroker;
  /** Opens a bench; `await using` clears it. */
  open(): JobBench;
}

/** Clients and workers of one test, with routes nobody else uses. */
export class JobBench implements AsyncDisposable {
  readonly jobs: JobRegistry = new JobRegistry();
  readonly settings: Settings;
  readonly isLoopback: boolean;
  readonly #routes: string[] = [];
  readonly #id = crypto.randomUUID().slice(0, 8);
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(settings: Settings, isLoopback: boolean) {
    this.settings = settings;
    this.isLoopback = isLoopback;
  }

  /** On the broker that all tests share; the queues of its routes are deleted in the end. */
  static onSharedBroker(): JobBench {
    const bench = new JobBench({ url: brokerURL ?? "" }, false);
    bench.onDispose(async () => {
      for (const queue of bench.#routes.map(jobQueueName))
        for (const name of [queue, deadQueueName(queue)]) await deleteQueue(name);
    });
    return bench;
  }

  /** A route of this test alone. */
  route(name = "job"): string {
    const route = `test.${this.#id}.${name}`;
    this.#routes.push(route);
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

/** Defines the same tests for both adapters. */
export function onBothJobAdapters(subject: string, define: (adapter: JobAdapter) => void): void {
  const broker = (): never => {
    throw new Error("The loopback has no broker");
  };
  const open = (): JobBench => new JobBench({ environment: "test" }, true);
  describe(`${subject} over the loopback`, () => define({ name: "loopback", broker, open }));
  onPrivateBroker(`${subject} over RabbitMQ`, define);
}

/** Defines tests for RabbitMQ alone. */
export function onPrivateBroker(subject: string, define: (adapter: JobAdapter) => void): void {
  describe(subject, needsRabbitMQServer, () => {
    let started: PrivateBroker | undefined;
    before(async () => {
      started = await PrivateBroker.start();
    });
    after(async () => {
      await started?.[Symbol.asyncDispose]();
    });
    const broker = (): PrivateBroker => {
      if (!started) throw new Error("The broker has not started");
      return started;
    };
    const open = (): JobBench => new JobBench(broker().settings, false);
    define({ name: "RabbitMQ", broker, open });
  });
}
