import { Bench } from "../support/adapters.ts";
import { PrivateBroker } from "../support/private_broker.ts";
import { drainInFlight } from "./drain.ts";
import type { Report } from "./report.ts";

/** Stops workers with calls in flight: some begun, most of them not, then all of them begun. */
export async function drain(report: Report): Promise<void> {
  await using broker = await PrivateBroker.start();
  for (const [calls, concurrency] of [
    [1_000, 100],
    [1_000, 1_000],
    [10_000, 500],
  ] as const) {
    await using bench = new Bench(broker.settings, false);
    const drained = await drainInFlight(bench, { calls, concurrency }, (route) =>
      countMessages(broker, route),
    );
    const of = `${calls} calls, ${concurrency} at a time`;
    report.tell(`${of}: begun when it stopped`, drained.begun);
    report.exactly(`${of}: replies of those`, drained.repliesOfFirst, drained.begun);
    report.exactly(`${of}: what its queue held`, drained.givenBack, calls - drained.begun);
    report.exactly(`${of}: answered in the end`, drained.answered, calls);
    report.exactly(`${of}: run twice`, drained.handledTwice, 0);
    report.tell(`${of}: stopping took`, `${Math.round(drained.milliseconds)} ms`);
  }
}

/** What waits in a queue, as the broker tells. */
export async function countMessages({ node }: PrivateBroker, queue: string): Promise<number> {
  const rows = await node.ctl("-q", "list_queues", "name", "messages", "--no-table-headers");
  const row = rows.split("\n").find((line) => line.startsWith(`${queue}\t`));
  if (row === undefined) throw new Error(`Cannot find the queue ${queue}`);
  return Number(row.split("\t")[1]);
}
