import net from "node:net";

import type { Settings, TaskOptions } from "../../../mod.ts";
import { RPCClient, TaskError, TaskRegistry, Worker } from "../../../mod.ts";
import type { FakeBrokerOptions, MethodName } from "../../support/fake_broker.ts";
import { FakeBroker } from "../../support/fake_broker.ts";

/** Something that fails each time, and somebody who tries again. */
export interface Loop extends AsyncDisposable {
  /** How often it was tried. */
  readonly attempts: () => number;
}

export interface LoopPlan {
  readonly name: string;
  /** How many attempts per second there may be once it goes on for a while. */
  readonly perSecond: number;
  /** How many there may be in all, where more than a few are work done twice. */
  readonly inAll?: number;
  readonly start: (name: string) => Promise<Loop>;
}

const settingsFor = (url: string, name: string): Settings => ({
  ...{ url, name, environment: "", heartbeatSeconds: 5, connectTimeout: 1_000 },
});

/** How many routes the worker has whose heap is looked at. */
export const MANY_ROUTES = 200;

interface WorkerLoop extends FakeBrokerOptions {
  readonly counts: MethodName | "handler";
  readonly routes?: number;
  readonly task?: Omit<TaskOptions, "input">;
  readonly handler?: () => unknown;
  /** What is asked of it at once. */
  readonly asks?: boolean;
  readonly throwingListener?: boolean;
}

/** A worker of a broker that fails it in one way. */
function worker(plan: WorkerLoop): LoopPlan["start"] {
  return async (name) => {
    const broker = await FakeBroker.open(plan);
    const registry = new TaskRegistry();
    let runs = 0;
    for (let route = 0; route < (plan.routes ?? 1); route++) {
      registry(`${name} ${route}`, plan.task ?? {}, () => {
        runs++;
        return plan.handler?.();
      });
    }
    if (plan.asks) {
      broker.queues.declare(`${name} 0`);
      const properties = { correlationId: "a", replyTo: "amq.gen-a" };
      broker.queues.publish(`${name} 0`, { body: "1", properties });
    }
    const worker = new Worker({
      ...{ registry, settings: settingsFor(broker.url, name), drainTimeout: 0 },
    });
    if (plan.throwingListener) worker.onStatus(throwing);
    worker.start().catch(() => {});
    const { counts } = plan;
    return {
      attempts: () => (counts === "handler" ? runs : broker.count(counts)),
      async [Symbol.asyncDispose]() {
        await worker.stop();
        await broker[Symbol.asyncDispose]();
      },
    };
  };
}

/** A client of a broker that fails it in one way, with a call that says `retry`. */
function client(
  plan: FakeBrokerOptions & { readonly counts: MethodName; readonly throwingListener?: boolean },
): LoopPlan["start"] {
  return async (name) => {
    const broker = await FakeBroker.open(plan);
    const client = new RPCClient({ settings: settingsFor(broker.url, name) });
    if (plan.throwingListener) client.onStatus(throwing);
    const controller = new AbortController();
    client
      .call(`${name} route`, 1, { timeout: 60_000, retry: true, signal: controller.signal })
      .catch(() => {});
    return {
      attempts: () => broker.count(plan.counts),
      async [Symbol.asyncDispose]() {
        controller.abort();
        await client.close();
        await broker[Symbol.asyncDispose]();
      },
    };
  };
}

/** What listens and closes each connection at once. */
async function closedPort(name: string): Promise<Loop> {
  let attempts = 0;
  const server = net.createServer((socket) => {
    attempts++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const client = new RPCClient({ settings: settingsFor(`amqp://127.0.0.1:${port}`, name) });
  const controller = new AbortController();
  client.call("route", 1, { signal: controller.signal }).catch(() => {});
  return {
    attempts: () => attempts,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await client.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function throwing(): never {
  throw new Error("a listener's bug");
}

const refusedConsumer: FakeBrokerOptions = {
  onMethod({ name, channel }, link) {
    if (name !== "basic.consume") return false;
    link.closeChannel(channel, 406, "PRECONDITION_FAILED - no reason");
    return true;
  },
};

const clash: FakeBrokerOptions = {
  onMethod({ name, channel }, link) {
    if (name !== "queue.declare") return false;
    const reason = "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue";
    link.closeChannel(channel, 405, reason);
    return true;
  },
};

export const LOOPS: readonly LoopPlan[] = [
  { name: "a port that drops every connection", perSecond: 3, start: closedPort },
  {
    name: "a link that drops as soon as it is ready",
    perSecond: 3,
    start: client({
      counts: "connection.open",
      onPublish: (_, link) => {
        link.socket.destroy();
        return true;
      },
    }),
  },
  {
    name: "a reply consumer that is refused",
    perSecond: 3,
    start: client({ ...refusedConsumer, counts: "basic.consume" }),
  },
  {
    name: "a route without a queue, for a call that says retry and outlived a loss",
    perSecond: 5,
    start: client({
      counts: "basic.publish",
      onPublish: (_, link) => {
        if (link.index > 0) return false;
        link.socket.destroy();
        return true;
      },
    }),
  },
  {
    name: "a queue that another connection has to itself",
    perSecond: 3,
    start: worker({ ...clash, counts: "queue.declare" }),
  },
  {
    name: "many queues that another connection has to itself",
    perSecond: 3 * MANY_ROUTES,
    start: worker({ ...clash, counts: "queue.declare", routes: MANY_ROUTES }),
  },
  {
    name: "wrong options of a queue",
    perSecond: 3,
    start: worker({
      counts: "queue.declare",
      task: { queue: { type: "quorum" } },
      onMethod({ name, channel, flags }, link) {
        if (name !== "queue.declare") return false;
        const isPassive = (flags & 1) === 1;
        if (isPassive) link.closeChannel(channel, 404, "NOT_FOUND - no queue");
        else
          link.closeChannel(channel, 406, "PRECONDITION_FAILED - invalid property 'non-durable'");
        return true;
      },
    }),
  },
  {
    name: "a queue that does not let itself be consumed",
    perSecond: 3,
    start: worker({ ...refusedConsumer, counts: "basic.consume" }),
  },
  {
    name: "a consumer that is cancelled again and again",
    perSecond: 3,
    start: worker({
      counts: "basic.consume",
      onMethod({ name, channel }, link) {
        if (name === "basic.consume")
          setTimeout(() => {
            for (const [tag, consumer] of [...link.consumers])
              if (consumer.channel === channel) link.cancel(tag);
          }, 50);
      },
    }),
  },
  {
    name: "more routes than the connection may have channels",
    perSecond: 3,
    start: worker({ counts: "channel.open", routes: 4, channelMax: 2 }),
  },
  {
    name: "a client's listener that throws",
    perSecond: 1,
    start: client({ counts: "connection.open", throwingListener: true, onPublish: () => true }),
  },
  {
    name: "a worker's listener that throws",
    perSecond: 1,
    start: worker({ counts: "connection.open", throwingListener: true }),
  },
  {
    name: "a reply whose headers are larger than a frame",
    perSecond: 1,
    inAll: 3,
    start: worker({
      counts: "handler",
      asks: true,
      handler: () => {
        throw new TaskError("c".repeat(200_000), "too long");
      },
      onPublish({ properties: { headers } }, link) {
        if ((headers?.length ?? 0) > 131_072) link.closeConnection(501, "FRAME_ERROR");
        return true;
      },
    }),
  },
  {
    name: "a reply that the broker finds too large",
    perSecond: 1,
    inAll: 3,
    start: worker({
      counts: "handler",
      asks: true,
      handler: () => "x".repeat(2_000_000),
      onPublish({ body, channel }, link) {
        if (body.length < 1_000_000) return true;
        const reason =
          "PRECONDITION_FAILED - message size 2000002 is larger than configured max size";
        link.closeChannel(channel, 406, `${reason} 1000000`);
        return true;
      },
    }),
  },
];
