import { randomUUID } from "node:crypto";

import type { LinkStatus, RPCClient, Settings } from "../../mod.ts";
import type { PrivateNode } from "../../scripts/broker/private_node.ts";
import { startPrivateNode } from "../../scripts/broker/private_node.ts";
import { Bench } from "../support/adapters.ts";
import { waitFor } from "../support/wait_for.ts";
import { CallLoad, describeErrors } from "./call_load.ts";
import { EventLoopLag } from "./event_loop_lag.ts";
import type { Report } from "./report.ts";

/** How long calls may be without an answer after their node died, in milliseconds. */
const FAILOVER = 5_000;

/** Kills, in a cluster of three, the node that serves client and worker, once for each node. */
export async function cluster(report: Report): Promise<void> {
  await using nodes = await Cluster.start(3);
  const settings: Settings = {
    url: nodes.urls,
    environment: "",
    reconnect: { initial: 20, max: 300 },
  };
  await using bench = new Bench(settings, false);
  using lag = new EventLoopLag();
  const route = bench.route();
  bench.registry(route, { queue: { type: "quorum" } }, async (input: unknown) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return input;
  });
  const worker = await bench.worker();
  const types = await nodes.ctl("-q", "list_queues", "name", "type", "--no-table-headers");
  report.exactly(1, types.split("\n").filter((row) => /\tquorum/.test(row)).length, "quorum queue");
  let [slowest, hung, wrong, overrun, carried, carriedAnswered, retryErrors, returned] = [
    0, 0, 0, 0, 0, 0, 0, 0,
  ];
  const plainErrors: string[] = [];
  for (let round = 1; round <= 3; round++) {
    const host = await waitFor(() => hostOf(worker.status), "the worker");
    const client = await clientAt(bench, route, host ?? "");
    using load = new CallLoad(client, route, { loops: 20, timeout: 60_000 });
    await load.progress(500, 60_000);
    const dead = nodes.at(host ?? "");
    await dead.kill();
    const since = performance.now();
    await waitFor(() => client.status.state !== "ready", "the client noticing");
    // Answers that were on their way are no sign of recovery.
    await waitFor(() => hostOf(client.status), "the client on another host", 60_000);
    await load.progress(1, 60_000);
    const took = performance.now() - since;
    slowest = Math.max(slowest, took);
    await load.progress(500, 60_000);
    const counts = await load.stop();
    hung += counts.hung;
    wrong += counts.wrong;
    overrun = Math.max(overrun, counts.overrun);
    carried += counts.carried;
    carriedAnswered += counts.carriedAnswered;
    retryErrors += [...counts.retryErrors.values()].reduce((sum, count) => sum + count, 0);
    plainErrors.push(describeErrors(counts.plainErrors));
    await client.close();
    await dead.start();
    await nodes.ctl("await_online_nodes", "3");
    // The worker has refused replies to this node while it was away.
    await (await clientAt(bench, route, host ?? "")).close();
    returned++;
  }
  report.tell(3, "nodes that died, with client and worker on each");
  report.exactly(3, returned, "of them whose clients were answered again after its return");
  report.exactly(0, hung, "hung");
  report.exactly(0, wrong, "wrong answers");
  report.atMost(FAILOVER, slowest, "ms at most from a node's death to an answer by another");
  report.atLeast(1, carried, "calls with retry that were out");
  report.exactly(carried, carriedAnswered, "of them answered");
  report.exactly(0, retryErrors, "calls with retry that failed");
  report.remark(`calls without retry that failed: ${plainErrors.join("; ")}`);
  report.atMost(100 + lag.max, overrun, "ms at most beyond a deadline");
}

/** A client that happens to have chosen this host. */
async function clientAt(bench: Bench, route: string, host: string): Promise<RPCClient> {
  for (let attempt = 0; attempt < 100; attempt++) {
    // Of another name, so that it shares no connection.
    const client = bench.client({ settings: { name: `client ${randomUUID()}` } });
    await client.call(route, "hello");
    if (hostOf(client.status) === host) return client;
    await client.close();
  }
  throw new Error(`Cannot get a client to ${host}`);
}

function hostOf(status: LinkStatus): string | undefined {
  return status.state === "ready" ? status.host : undefined;
}

/** Nodes on this machine that form one broker. */
export class Cluster implements AsyncDisposable {
  readonly #nodes: readonly PrivateNode[];

  static async start(size: number): Promise<Cluster> {
    const cookie = randomUUID().replaceAll("-", "").toUpperCase();
    const first = await startPrivateNode({ cookie });
    const nodes = [first];
    try {
      const { epmdPort } = first;
      nodes.push(
        ...(await Promise.all(
          Array.from({ length: size - 1 }, () => startPrivateNode({ cookie, epmdPort })),
        )),
      );
      for (const node of nodes.slice(1)) {
        await node.ctl("stop_app");
        await node.ctl("join_cluster", first.name);
        await node.ctl("start_app");
      }
    } catch (error) {
      await Promise.all(nodes.map((node) => node.stop()));
      throw error;
    }
    return new Cluster(nodes);
  }

  private constructor(nodes: readonly PrivateNode[]) {
    this.#nodes = nodes;
  }

  get urls(): string[] {
    return this.#nodes.map(({ url }) => url);
  }

  at(host: string): PrivateNode {
    const node = this.#nodes.find(({ port }) => host.endsWith(`:${port}`));
    if (!node) throw new Error(`Cannot find the node at ${host}`);
    return node;
  }

  /** The node that Erlang calls so. */
  named(name: string): PrivateNode {
    const node = this.#nodes.find((one) => one.name === name);
    if (!node) throw new Error(`Cannot find the node ${name}`);
    return node;
  }

  /** Runs `rabbitmqctl` on the first node that answers. */
  async ctl(...args: string[]): Promise<string> {
    let problem: unknown;
    for (const node of this.#nodes) {
      try {
        return await node.ctl(...args);
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [first, ...others] = this.#nodes;
    // The first one's epmd is that of all.
    await Promise.all(others.map((node) => node.stop()));
    await first?.stop();
  }
}
