import type { Settings } from "../../mod.ts";
import { RPCClient, TaskRegistry, Worker } from "../../mod.ts";
import { Bench } from "../support/adapters.ts";
import type { Attack } from "./attack.ts";
import { inParallel } from "./attack.ts";
import { withClient } from "./broker_client.ts";
import type { Cut } from "./cutting_proxy.ts";
import { CuttingProxy, MANNERS } from "./cutting_proxy.ts";
import { codeOf, lateness, settled } from "./settled.ts";

/** The handshake, the consumer and the first call take less than so many bytes in each direction. */
const BYTES = 1_000;
const STEP = 3;

const AT_A_TIME = 48;
const TIMEOUT = 10_000;

interface Case extends Cut {
  readonly side: "client" | "worker";
}

/** Cuts the first link of a client, and of a worker, after each third byte. */
export async function cut(attack: Attack): Promise<void> {
  const { report } = attack;
  const broker = await attack.broker();
  await using bench = new Bench(broker.settings, false);
  const route = bench.route("cut");
  bench.registry(route, (input: unknown) => input);
  await bench.worker();
  const settings = (url: string, name: string): Settings => ({
    ...{ url, name, environment: "", heartbeatSeconds: 1, connectTimeout: 500 },
    reconnect: { initial: 10, max: 50 },
  });
  const counts = { client: 0, worker: 0, made: 0 };
  await inParallel(choose(attack), AT_A_TIME, async (plan, index) => {
    const { side, from, after, manner } = plan;
    await using proxy = await CuttingProxy.open(broker.node.url, plan);
    const own = settings(proxy.url, `cut ${index}`);
    const broken =
      side === "client"
        ? await cutClient(own, route)
        : await cutWorker(own, bench, `${route}.${index}`);
    if (side === "worker")
      await withClient(broker.node.url, (channel) => channel.queueDelete(`${route}.${index}`));
    counts[side]++;
    if (proxy.done) counts.made++;
    for (const text of broken)
      attack.fail(`${side}: ${manner} after ${after} bytes of the ${from}`, text);
  });
  await withClient(broker.node.url, (channel) => channel.queueDelete(route));
  report.tell(counts.client, "links of a client");
  report.tell(counts.worker, "links of a worker");
  report.atLeast((counts.client + counts.worker) / 4, counts.made, "of them cut");
  attack.reportFailures("broken rules");
}

/** A call at the cut is answered after a reconnect, or rejects because nobody knows; the one after it is answered. */
async function cutClient(settings: Settings, route: string): Promise<readonly string[]> {
  const broken: (string | undefined)[] = [];
  const client = new RPCClient({ settings });
  const first = await settled(client.call(route, "first", { timeout: TIMEOUT }), 2 * TIMEOUT);
  broken.push(lateness(first, TIMEOUT, "the call at the cut"));
  const code = first.state === "rejected" ? codeOf(first.value) : "";
  if (first.state === "resolved" ? first.value !== "first" : code !== "connection_lost")
    broken.push(`the call at the cut: ${code || String(first.value)}`);
  const calls = ["second", "third"].map(async (input) => {
    const later = client.call(route, input, { timeout: TIMEOUT, retry: true });
    const { value } = await settled(later, 2 * TIMEOUT);
    if (value !== input) broken.push(`the ${input} call: ${codeOf(value)}`);
  });
  await Promise.all(calls);
  broken.push(lateness(await settled(client.close(), 8_000), 2_500, "close()"));
  return broken.filter((text) => text !== undefined);
}

/** A worker whose link is cut as it sets up serves all the same. */
async function cutWorker(
  settings: Settings,
  bench: Bench,
  route: string,
): Promise<readonly string[]> {
  const broken: (string | undefined)[] = [];
  const registry = new TaskRegistry();
  let runs = 0;
  registry(route, (input: unknown) => {
    runs++;
    return input;
  });
  const worker = new Worker({ registry, settings, drainTimeout: 500 });
  const start = await settled(worker.start(), TIMEOUT);
  if (start.state !== "resolved") broken.push(`start(): ${start.state} ${codeOf(start.value)}`);
  const client = bench.client();
  const call = await settled(client.call(route, "asked", { timeout: TIMEOUT }), 2 * TIMEOUT);
  if (call.value !== "asked") broken.push(`the call: ${codeOf(call.value)} after ${runs} runs`);
  // Once more than the cut can explain would be once too often.
  if (runs > 2) broken.push(`its handler ran ${runs} times`);
  broken.push(lateness(await settled(worker.stop(), 8_000), 3_500, "stop()"));
  await client.close();
  return broken.filter((text) => text !== undefined);
}

function choose(attack: Attack): readonly Case[] {
  const cases = (["client", "worker"] as const).flatMap((side) =>
    (["client", "broker"] as const).flatMap((from) =>
      MANNERS.flatMap((manner) =>
        Array.from({ length: Math.ceil(BYTES / STEP) }, (_, i) => ({
          ...{ side, from, manner, after: i * STEP },
        })),
      ),
    ),
  );
  const count = attack.rounds({ short: 320, full: cases.length });
  const random = attack.random("cut");
  return cases
    .map((plan) => ({ plan, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ plan }) => plan);
}
