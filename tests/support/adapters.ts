import { describe } from "node:test";

import type {
  RPCClientOptions,
  Settings,
  TaskMap,
  TasksByRoute,
  WorkerOptions,
} from "../../mod.ts";
import { RPCClient, TaskRegistry, Worker } from "../../mod.ts";
import { brokerURL, deleteQueue, needsBroker } from "./broker.ts";

/** One of the two things that carry calls. */
export interface Adapter {
  readonly name: "loopback" | "RabbitMQ";
  readonly settings: Settings;
  /** Opens a bench; `await using` clears it. */
  open(): Bench;
}

/** Clients and workers of one test, with routes nobody else uses. Clears up after itself, the broker included. */
export class Bench implements AsyncDisposable {
  readonly registry: TaskRegistry = new TaskRegistry();
  readonly settings: Settings;
  readonly #id = crypto.randomUUID().slice(0, 8);
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #queues = new Set<string>();
  readonly #onBroker: boolean;

  constructor(settings: Settings, onBroker: boolean) {
    this.settings = settings;
    this.#onBroker = onBroker;
  }

  /** A route of this test alone. Its queue is deleted in the end. */
  route(name = "task"): string {
    const route = `test.${this.#id}.${name}`;
    this.#queues.add(route);
    return route;
  }

  client<Tasks extends TasksByRoute<Tasks> = TaskMap>({
    settings,
    ...options
  }: RPCClientOptions = {}): RPCClient<Tasks> {
    const client = new RPCClient<Tasks>({
      ...options,
      settings: { ...this.settings, ...settings },
    });
    this.onDispose(() => client.close());
    return client;
  }

  /** A started worker of this bench's registry. */
  async worker({ settings, ...options }: WorkerOptions = {}): Promise<Worker> {
    const worker = new Worker({
      registry: this.registry,
      drainTimeout: 1_000,
      ...options,
      settings: { ...this.settings, ...settings },
    });
    this.onDispose(() => worker.stop());
    await worker.start();
    return worker;
  }

  /** Runs when the test is over, the last one first. */
  onDispose(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Runs everything, also after a failure, which it then throws. */
  async [Symbol.asyncDispose](): Promise<void> {
    const steps = this.#closers.reverse();
    if (this.#onBroker)
      for (const queue of this.#queues) steps.push(async () => void (await deleteQueue(queue)));
    const errors: unknown[] = [];
    for (const step of steps) await step().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }
}

const loopback: Adapter = {
  name: "loopback",
  settings: { environment: "test" },
  open: () => new Bench(loopback.settings, false),
};

const rabbitMQ: Adapter = {
  name: "RabbitMQ",
  settings: { url: brokerURL, environment: "" },
  open: () => new Bench(rabbitMQ.settings, true),
};

/** Defines the same tests for both adapters. */
export function onBothAdapters(subject: string, define: (adapter: Adapter) => void): void {
  describe(`${subject} over the loopback`, () => define(loopback));
  describe(`${subject} over RabbitMQ`, needsBroker, () => define(rabbitMQ));
}
