import type { LogRecord } from "@logtape/logtape";
import { configure, reset } from "@logtape/logtape";

import { megabytes, usedHeap } from "../../chaos/heap.ts";
import type { Attack } from "../attack.ts";
import { sleep } from "../attack.ts";
import { codeOf, settled } from "../settled.ts";
import type { Loop, LoopPlan } from "./loops.ts";
import { LOOPS, MANY_ROUTES } from "./loops.ts";

/** What goes on for longer than this, in milliseconds, has to have grown slow. */
const BEGINNING = 3_000;

/** Memory that none of it may take, however often it is tried, in megabytes. */
const HEAP = 1;

/** How long everything may take to close, in milliseconds. */
const END = 10_000;

interface Running {
  readonly plan: LoopPlan;
  readonly id: string;
  readonly loop: Loop;
  attempts: number;
  warnings: number;
}

/** Lets everything fail that is tried again, and counts attempts and warnings. */
export async function throttle(attack: Attack): Promise<void> {
  const { report, only } = attack;
  const seconds = attack.rounds({ short: 3, full: 20 });
  const plans = LOOPS.filter(({ name }) => only === undefined || name.includes(only));
  await using log = await WarningCounts.start();
  const running: Running[] = [];
  for (const [index, plan] of plans.entries()) {
    const id = `throttle-${index}-`;
    running.push({ plan, id, loop: await plan.start(id), attempts: 0, warnings: 0 });
  }
  await sleep(BEGINNING);
  const heapBefore = await usedHeap();
  for (const one of running) {
    one.attempts = one.loop.attempts();
    one.warnings = log.count(one.id);
  }
  await sleep(seconds * 1_000);
  let most = 0;
  for (const { plan, id, loop, attempts, warnings } of running) {
    const { name, perSecond, inAll } = plan;
    const tried = (loop.attempts() - attempts) / seconds;
    const warned = (log.count(id) - warnings) / seconds;
    const routes = perSecond > MANY_ROUTES ? MANY_ROUTES : 1;
    most = Math.max(most, tried / routes);
    if (tried > perSecond)
      attack.fail(name, `${round(tried)} attempts per second, at most ${perSecond}`);
    if (warned > perSecond)
      attack.fail(name, `${round(warned)} warnings per second, at most ${perSecond}`);
    if (inAll !== undefined && loop.attempts() > inAll)
      attack.fail(name, `${loop.attempts()} attempts, at most ${inAll}`);
    if (loop.attempts() === 0) attack.fail(name, "it was never tried");
  }
  const heapAfter = await usedHeap();
  await Promise.all(
    running.map(async ({ plan, loop }) => {
      const end = await settled(Promise.resolve(loop[Symbol.asyncDispose]()), END);
      if (end.state !== "resolved")
        attack.fail(plan.name, `its end: ${end.state} ${codeOf(end.value)}`);
    }),
  );
  report.tell(plans.length, "loops");
  report.tell(most, "attempts per second at most");
  report.tell(megabytes(heapBefore), "MB of heap at first");
  if (only === undefined)
    report.atMost(megabytes(heapBefore) + HEAP, megabytes(heapAfter), "MB in the end");
  attack.reportFailures("broken rules");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Counts warnings and errors in the log by the loop that they name. Keeps no text: the heap is looked at. */
class WarningCounts implements AsyncDisposable {
  readonly #counts = new Map<string, number>();

  static async start(): Promise<WarningCounts> {
    const counts = new WarningCounts();
    await configure({
      sinks: { count: (record) => counts.#add(record) },
      loggers: [
        { category: ["bgtasks"], sinks: ["count"], lowestLevel: "warning" },
        { category: ["logtape", "meta"], sinks: [] },
      ],
      reset: true,
    });
    return counts;
  }

  count(id: string): number {
    return this.#counts.get(id) ?? 0;
  }

  #add({ message }: LogRecord): void {
    const id = /throttle-\d+-/.exec(message.map(String).join(""))?.[0];
    if (id !== undefined) this.#counts.set(id, this.count(id) + 1);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return reset();
  }
}
