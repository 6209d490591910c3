import process from "node:process";

import { RPCClient, TaskRegistry, Worker } from "../../mod.ts";
import type { Settings } from "../../mod.ts";
import { megabytes } from "../chaos/heap.ts";
import type { Attack } from "./attack.ts";
import { inParallel } from "./attack.ts";
import { withClient } from "./broker_client.ts";
import type { Random } from "./random.ts";
import { codeOf, lateness, settled } from "./settled.ts";
import type { Speed } from "./slow_proxy.ts";
import { SlowProxy } from "./slow_proxy.ts";

const MB = 1_000_000;
const FAST: Speed = { up: 1_000 * MB, down: 1_000 * MB };

/** Client and worker on links that take much less than both would send. */
const LINKS: readonly (readonly [name: string, client: Speed, worker: Speed])[] = [
  ["a client's slow way up", { ...FAST, up: 2 * MB }, FAST],
  ["a client's slow way down", { ...FAST, down: 2 * MB }, FAST],
  ["a worker's slow way up", FAST, { ...FAST, up: 2 * MB }],
  ["a worker's slow way down", FAST, { ...FAST, down: 2 * MB }],
  ["slow in every way", { up: 3 * MB, down: 3 * MB }, { up: 3 * MB, down: 3 * MB }],
];

/** A reply that takes longer to leave than a goodbye may. */
const LARGE = 3 * MB;

/** Lets bodies of every size pass over slow links, whole, and a drain wait until its replies are out. */
export async function slowLinks(attack: Attack): Promise<void> {
  const { report } = attack;
  const calls = attack.rounds({ short: 60, full: 1_500 });
  const before = process.memoryUsage.rss();
  let [answered, bytes, peak] = [0, 0, 0];
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50);
  await Promise.all([
    ...LINKS.map(async ([name, client, worker], index) => {
      const echoed = await echo(attack, { name, client, worker, calls, index });
      answered += echoed.answered;
      bytes += echoed.bytes;
    }),
    drainSlowly(attack),
  ]);
  clearInterval(watch);
  report.exactly(calls * LINKS.length, answered, "calls answered whole");
  report.tell(megabytes(bytes), "MB of bodies");
  report.atMost(600, megabytes(peak - before), "MB more at most");
  attack.reportFailures("broken rules");
}

interface EchoOptions {
  readonly name: string;
  readonly client: Speed;
  readonly worker: Speed;
  readonly calls: number;
  readonly index: number;
}

async function echo(
  attack: Attack,
  { name, client: own, worker: other, calls, index }: EchoOptions,
): Promise<{ answered: number; bytes: number }> {
  const broker = await attack.broker();
  const random = attack.random(name);
  await using near = await SlowProxy.open(broker.node.url, own);
  await using far = await SlowProxy.open(broker.node.url, other);
  const route = `attack.slow.${crypto.randomUUID().slice(0, 8)}`;
  const registry = new TaskRegistry();
  registry(route, (input: unknown) => input);
  const settings = (url: string): Settings => ({ ...broker.settings, url, name: `slow ${index}` });
  const worker = new Worker({ registry, settings: settings(far.url), concurrency: 20 });
  await worker.start();
  const client = new RPCClient({ settings: settings(near.url) });
  let [answered, bytes] = [0, 0];
  // Made one by one: all of them at once would take more memory than the library may.
  await inParallel(Array.from({ length: calls }), 30, async (_, number) => {
    const input = made(random);
    const { value } = await settled(client.call(route, input, { timeout: 60_000 }), 70_000);
    bytes += 2 * JSON.stringify(input).length;
    if (JSON.stringify(value) === JSON.stringify(input)) answered++;
    else
      attack.fail(
        `${name}, call ${number}`,
        value instanceof Error ? codeOf(value) : "another body",
      );
  });
  await client.close();
  await worker.stop();
  await withClient(broker.node.url, (channel) => channel.queueDelete(route));
  return { answered, bytes };
}

/** Text that shows where a part of it is missing or twice. */
function made(random: Random): unknown {
  const length = random.pick([0, 10, 1_000, 8_000, 8_192, 30_000, 131_072, 300_000]);
  const part = `${random.int(0, 1e9)}ž`;
  return { part, text: part.repeat(Math.ceil(length / part.length)) };
}

/** A worker that stops lets a large reply out, however long that takes within its drain. */
async function drainSlowly(attack: Attack): Promise<void> {
  const broker = await attack.broker();
  await using far = await SlowProxy.open(broker.node.url, { ...FAST, up: MB });
  const route = `attack.slow.${crypto.randomUUID().slice(0, 8)}`;
  let runs = 0;
  const registry = new TaskRegistry();
  registry(route, () => {
    runs++;
    return "x".repeat(LARGE);
  });
  const settings = { ...broker.settings, url: far.url };
  const worker = new Worker({ registry, settings, drainTimeout: 30_000 });
  await worker.start();
  await using client = new RPCClient({ settings: { ...broker.settings, name: "slow drain" } });
  const call = settled(client.call(route, null, { timeout: 25_000 }), 30_000);
  while (runs === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const stop = await settled(worker.stop(), 40_000);
  const late = lateness(stop, 15_000, "stop()");
  if (late !== undefined) attack.fail("a slow drain", late);
  // Another one, for what the first has given back.
  await using second = new Worker({ registry, settings: broker.settings });
  await second.start();
  const { value } = await call;
  if (String(value).length !== LARGE) attack.fail("a slow drain", `its call: ${codeOf(value)}`);
  if (runs !== 1) attack.fail("a slow drain", `its handler ran ${runs} times`);
  await second.stop();
  await withClient(broker.node.url, (channel) => channel.queueDelete(route));
}
