import process from "node:process";

import { megabytes } from "../../chaos/heap.ts";
import type { Attack } from "../attack.ts";
import { inParallel } from "../attack.ts";
import type { HostileCase } from "./hostile_case.ts";
import { casesOfMoments } from "./moments.ts";
import { casesOfDeliveries } from "./odd_deliveries.ts";
import { casesOfContents } from "./odd_contents.ts";
import { casesOfReplies } from "./odd_replies.ts";
import { casesOfTuning } from "./tuning.ts";
import { tryClient } from "./try_client.ts";
import { tryWorker } from "./try_worker.ts";

/** Most of the time they wait. */
const AT_A_TIME = 24;

/** Memory that all cases of a moment may take together beside what there was, in megabytes. */
const MEMORY = 400;

/** Lets client and worker talk to brokers that break every rule of AMQP. */
export async function hostileBroker(attack: Attack): Promise<void> {
  const { report, only } = attack;
  const cases = choose(attack);
  using memory = new MemoryPeak();
  const counts = { client: 0, worker: 0 };
  await inParallel(cases, AT_A_TIME, async (hostile) => {
    counts[hostile.side]++;
    const run = hostile.side === "client" ? tryClient : tryWorker;
    const broken = await run(hostile).catch((error: unknown) => [
      `the attack failed: ${String(error)}`,
    ]);
    for (const text of broken) attack.fail(hostile.name, text);
  });
  report.tell(counts.client, "cases towards a client");
  report.tell(counts.worker, "towards a worker");
  if (only === undefined) report.atLeast(200, cases.length, "in all");
  report.atMost(MEMORY, megabytes(memory.growth), "MB more at most");
  attack.reportFailures("broken rules");
}

/** Every odd message, and every malice at every moment; in the short form at some of them. */
function choose(attack: Attack): readonly HostileCase[] {
  const moments = casesOfMoments();
  const messages = [
    ...casesOfTuning(),
    ...casesOfContents(),
    ...casesOfReplies(),
    ...casesOfDeliveries(),
  ];
  const { only } = attack;
  if (only !== undefined)
    return [...messages, ...moments].filter(({ name }) => name.includes(only));
  const count = attack.rounds({ short: 180, full: moments.length });
  const random = attack.random("moments");
  const some = moments
    .map((hostile) => ({ hostile, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, count)
    .map(({ hostile }) => hostile);
  return [...messages, ...some];
}

/** The most memory that this process had, beside what it has now. */
class MemoryPeak implements Disposable {
  readonly #before = used();
  #peak = this.#before;
  readonly #interval: ReturnType<typeof setInterval>;

  constructor() {
    this.#interval = setInterval(() => (this.#peak = Math.max(this.#peak, used())), 20);
  }

  get growth(): number {
    return this.#peak - this.#before;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#interval);
  }
}

function used(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
