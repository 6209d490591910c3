import { Bench } from "../support/adapters.ts";
import type { PrivateBroker } from "../support/private_broker.ts";
import { drainInFlight } from "./drain.ts";
import type { Report } from "./report.ts";

/** Stops workers with calls in flight of which the handlers have begun some. */
export async function drain(
  report: Report,
  broker: PrivateBroker,
  loads: readonly (readonly [calls: number, concurrency: number])[],
): Promise<void> {
  for (const [calls, concurrency] of loads) {
    await using bench = new Bench(broker.settings, false);
    const drained = await drainInFlight(bench, { calls, concurrency }, (route) =>
      countMessages(broker, route),
    );
    report.tell(calls, `in flight, ${concurrency} at a time`);
    report.tell(drained.begun, "begun when the worker stopped");
    report.exactly(drained.begun, drained.repliesOfFirst, "replies of these");
    report.exactly(calls - drained.begun, drained.givenBack, "back in the queue");
    report.exactly(calls, drained.answered, "answered in the end");
    report.exactly(0, drained.handledTwice, "run twice");
    report.tell(drained.milliseconds, "ms to stop");
  }
}

/** What waits in a queue, as the broker tells. */
export async function countMessages({ node }: PrivateBroker, queue: string): Promise<number> {
  const rows = await node.ctl("-q", "list_queues", "name", "messages", "--no-table-headers");
  const row = rows.split("\n").find((line) => line.startsWith(`${queue}\t`));
  if (row === undefined) throw new Error(`Cannot find the queue ${queue}`);
  return Number(row.split("\t")[1]);
}
