import { BgtasksError, TaskRegistry, Worker } from "../../mod.ts";
import { CallLoad, describeErrors } from "../chaos/call_load.ts";
import { Bench } from "../support/adapters.ts";
import type { Attack } from "./attack.ts";
import { inParallel, sleep } from "./attack.ts";
import { withClient } from "./broker_client.ts";
import { codeOf, settled } from "./settled.ts";

/** How long a worker may take to start or stop beside the load and the others, in milliseconds. */
const LIMIT = 5_000;

/** Starts and stops workers at random, several at a time, under load. */
export async function storm(attack: Attack): Promise<void> {
  const { report } = attack;
  const broker = await attack.broker();
  const random = attack.random("storm");
  const workers = attack.rounds({ short: 50, full: 150 });
  await using bench = new Bench(broker.settings, false);
  const route = bench.route();
  const registry = new TaskRegistry();
  registry(route, async (input: unknown) => {
    await sleep(2);
    return input;
  });
  // The queue has to be there before the first call.
  await withClient(broker.node.url, (channel) => channel.queueDeclare(route, { durable: true }));
  using load = new CallLoad(bench.client(), route, { loops: 20, timeout: 30_000 });
  const pauses = Array.from({ length: workers }, () => [random.int(0, 30), random.int(0, 60)]);
  let slowest = 0;
  await inParallel(pauses, 6, async ([before = 0, after = 0], index) => {
    const worker = new Worker({
      ...{ registry, settings: broker.settings, concurrency: 1 + (index % 20) },
      drainTimeout: 1_000,
    });
    const starting = worker.start();
    starting.catch(() => {});
    // A third is stopped before it has started.
    if (index % 3 === 0) await sleep(before);
    else await starting;
    await sleep(after);
    const stop = await settled(worker.stop(), 2 * LIMIT);
    const start = await settled(starting, LIMIT);
    slowest = Math.max(slowest, stop.milliseconds);
    if (stop.state !== "resolved" || stop.milliseconds > LIMIT)
      attack.fail(
        `worker ${index}`,
        `stop() took ${Math.round(stop.milliseconds)} ms: ${stop.state}`,
      );
    const closed = start.value instanceof BgtasksError && start.value.code === "closed";
    if (start.state !== "resolved" && !closed)
      attack.fail(`worker ${index}`, `start(): ${start.state} ${codeOf(start.value)}`);
    if (worker.running > 0) attack.fail(`worker ${index}`, `${worker.running} handlers run on`);
  });
  await using last = new Worker({ registry, settings: broker.settings, concurrency: 50 });
  await last.start();
  await load.progress(20);
  const counts = await load.stop();
  report.tell(workers, "workers started and stopped");
  report.tell(slowest, "ms at most to stop");
  report.atLeast(100, counts.answered, "calls answered meanwhile");
  report.exactly(0, counts.hung, "hung");
  report.exactly(0, counts.wrong, "wrong answers");
  const failed = [...counts.plainErrors, ...counts.retryErrors];
  report.exactly(0, failed.length, "kinds of failure");
  if (failed.length > 0) report.remark(describeErrors(new Map(failed)));
  attack.reportFailures("broken rules");
  await last.stop();
  await withClient(broker.node.url, (channel) => channel.queueDelete(route));
}
