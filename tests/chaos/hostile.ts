import fc from "fast-check";
import * as v from "valibot";

import { Bench } from "../support/adapters.ts";
import type { PrivateBroker } from "../support/private_broker.ts";
import { waitFor } from "../support/wait_for.ts";
import { publishFrames } from "../support/amqp_bytes.ts";
import { CallLoad, describeErrors } from "./call_load.ts";
import { countMessages } from "./drain_scenario.ts";
import { megabytes, usedHeap } from "./heap.ts";
import { HostileCaller } from "./hostile_caller.ts";
import { hostileMessages } from "./hostile_messages.ts";
import type { Report } from "./report.ts";

export interface HostileOptions {
  readonly messages: number;
  /** Makes the same messages again. */
  readonly seed: number;
}

const BATCH = 1_000;

/** Sends messages that mean no good, with well-formed calls beside them. */
export async function hostile(
  report: Report,
  broker: PrivateBroker,
  { messages, seed }: HostileOptions,
): Promise<void> {
  await using bench = new Bench(broker.settings, false);
  const routes = [bench.route("plain"), bench.route("picky")] as const;
  const beside = bench.route("beside");
  let handled = 0;
  bench.registry(routes[0], (input: unknown, { headers }) => {
    handled++;
    return { input, headers: Object.keys(headers).length };
  });
  bench.registry(routes[1], { input: v.strictObject({ a: v.number() }) }, () => handled++);
  bench.registry(beside, (input: unknown) => input);
  const worker = await bench.worker();
  const states: string[] = [];
  worker.onStatus(({ state }) => states.push(state));

  await using caller = await HostileCaller.open(broker.node.url);
  const victims = [bench.route("victim"), "victim", "queue with spaces and ž"];
  for (const victim of victims) await caller.declare(victim);
  using load = new CallLoad(bench.client(), beside, { loops: 4, timeout: 20_000 });
  await load.progress(10);

  const arbitrary = hostileMessages({ routes, victims: [...victims, beside] });
  let heapBefore = 0;
  const since = performance.now();
  for (let sent = 0, batch = 0; sent < messages; batch++) {
    const numRuns = Math.min(BATCH, messages - sent);
    for (const message of fc.sample(arbitrary, { numRuns, seed: seed + batch }))
      caller.publish(publishFrames(caller.channelId, message));
    sent += numRuns;
    await waitFor(
      async () => (await caller.count(routes[0])) + (await caller.count(routes[1])) === 0,
      "the worker taking the messages",
      60_000,
    );
    if (batch === Math.ceil(messages / BATCH / 5)) heapBefore = await usedHeap();
  }
  const seconds = (performance.now() - since) / 1_000;
  await load.progress(10);
  const counts = await load.stop();
  await waitFor(() => worker.running === 0, "handlers to end");

  report.tell(messages, `hostile messages (seed ${seed})`);
  report.tell(messages / seconds, "per second");
  report.atLeast(messages / 40, handled, "that reached a handler");
  report.atLeast(messages / 20, caller.replies, "that were answered");
  report.exactly(0, states.length, "changes of the worker's connection");
  report.exactly(1, Number(worker.status.state === "ready"), "worker ready");
  report.atLeast(20, counts.answered, "well-formed calls beside them answered");
  report.exactly(0, counts.hung, "hung");
  report.exactly(0, counts.wrong, "wrong answers");
  const failed = [...counts.plainErrors, ...counts.retryErrors];
  report.exactly(0, failed.length, "kinds of failure");
  if (failed.length > 0) report.remark(describeErrors(new Map(failed)));
  let [written, left] = [0, 0];
  for (const victim of victims) written += await countMessages(broker, victim);
  for (const route of routes) left += await countMessages(broker, route);
  report.exactly(0, written, "messages in queues that a caller named");
  report.exactly(0, left, "messages left with the worker");
  if (heapBefore > 0) {
    const heapAfter = await usedHeap();
    report.tell(megabytes(heapBefore), "MB of heap after a fifth");
    // Names of reply queues are remembered, up to 10,000 of them.
    report.atMost(megabytes(heapBefore) + 8, megabytes(heapAfter), "MB after all");
  }
  report.exactly(0, Object.keys(Object.prototype).length, "names added to Object.prototype");
}
