import process from "node:process";

import fc from "fast-check";

import type { TaskContext } from "../../mod.ts";
import { CallLoad, describeErrors } from "../chaos/call_load.ts";
import { HostileCaller } from "../chaos/hostile_caller.ts";
import { hostileMessages } from "../chaos/hostile_messages.ts";
import { Bench } from "../support/adapters.ts";
import { longString, publishFrames, shortString, table, typed } from "../support/amqp_bytes.ts";
import { waitFor } from "../support/wait_for.ts";
import type { Attack } from "./attack.ts";
import { sleep } from "./attack.ts";
import { withClient } from "./broker_client.ts";
import { forgedNames } from "./forged_names.ts";
import { codeOf, settled } from "./settled.ts";

const BATCH = 500;
const FORGED = 600;

/** How long a new caller may wait for its first answer beside forged names, in milliseconds. */
const NEW_CALLER = 1_500;

/** Sends requests that mean no good, with honest calls beside them. */
export async function hostileRequests(attack: Attack): Promise<void> {
  const { report, seed } = attack;
  const broker = await attack.broker();
  await using bench = new Bench(broker.settings, false);
  using warnings = new Warnings();
  const [odd, beside, patient] = [
    bench.route("odd"),
    bench.route("beside"),
    bench.route("patient"),
  ];
  const victim = `${odd}.victim`;
  bench.registry(odd, (input: unknown, { headers }) => [input, Object.keys(headers).length]);
  bench.registry(beside, (input: unknown) => input);
  bench.registry(patient, async (_: unknown, { signal }: TaskContext) => {
    for (let i = 0; i < 20 && !signal.aborted; i++) await sleep(10);
    return null;
  });
  const worker = await bench.worker({ concurrency: 500 });
  let changes = 0;
  worker.onStatus(() => changes++);
  const caller = await HostileCaller.open(broker.node.url);
  await caller.declare(victim);
  using load = new CallLoad(bench.client(), beside, { loops: 4, timeout: 20_000 });
  await load.progress(10);
  const empty = (route: string): Promise<boolean> =>
    waitFor(async () => (await caller.count(route)) === 0, `${route} to be empty`, 60_000);

  const messages = attack.rounds({ short: 2_000, full: 45_000 });
  const arbitrary = hostileMessages({ routes: [odd], victims: [victim, beside] });
  for (let sent = 0; sent < messages; sent += BATCH) {
    for (const message of fc.sample(arbitrary, { numRuns: BATCH, seed: seed + sent }))
      caller.publish(publishFrames(caller.channelId, message));
    await empty(odd);
  }

  // Longer than any timer takes, for a handler that heeds its signal.
  const expirations = ["4294967295", "4233600000", "2147483648", "2147483647"];
  for (const expiration of expirations) {
    const properties = Array<Uint8Array | undefined>(14).fill(undefined);
    properties[7] = shortString(expiration);
    for (let i = 0; i < 5; i++)
      caller.publish(publishFrames(caller.channelId, { ...quiet(patient), properties }));
  }
  await empty(patient);
  await waitFor(() => worker.running < 5, "patient handlers to end");

  // Many names of processes that the broker does not have, and callers that nobody knew before.
  const names = forgedNames(attack.random("names"), FORGED);
  for (const replyTo of names) {
    const properties = Array<Uint8Array | undefined>(14).fill(undefined);
    properties[6] = shortString(replyTo);
    properties[2] = table([["a", typed("S", longString("b"))]]);
    caller.publish(publishFrames(caller.channelId, { ...quiet(odd), properties }));
  }
  let slowest = 0;
  for (let i = 0; i < 3; i++) {
    const client = bench.client({ settings: { name: `newcomer ${i}` } });
    const call = await settled(client.call(beside, i, { timeout: 20_000 }), 25_000);
    slowest = Math.max(slowest, call.milliseconds - 2 * call.lag);
    if (call.value !== i) attack.fail(`newcomer ${i}`, codeOf(call.value));
    await client.close();
  }
  await empty(odd);
  await load.progress(10);
  const counts = await load.stop();

  report.tell(messages + names.length, "hostile requests");
  report.atLeast(messages / 40, caller.replies, "of them answered");
  report.exactly(0, changes, "changes of the worker's link");
  report.atLeast(50, counts.answered, "honest calls answered");
  report.exactly(0, counts.hung + counts.wrong, "hung or wrong");
  const failed = [...counts.plainErrors, ...counts.retryErrors];
  report.exactly(0, failed.length, "kinds of failure");
  if (failed.length > 0) report.remark(describeErrors(new Map(failed)));
  report.atMost(NEW_CALLER, slowest, "ms at most for a new caller beside forged names");
  report.exactly(0, await caller.count(victim), "messages in a queue that a caller named");
  report.exactly(0, warnings.count, "warnings of the runtime");
  for (const text of warnings.kinds) report.breach(text);
  attack.reportFailures("calls of new callers that failed");
  await caller[Symbol.asyncDispose]();
  await worker.stop();
  for (const queue of [odd, beside, patient, victim])
    await withClient(broker.node.url, (channel) => channel.queueDelete(queue));
}

function quiet(route: string): { route: string; body: Uint8Array } {
  return { route, body: Buffer.from("1") };
}

/** What the runtime warns of, e.g. a timer that is set beyond its limit. */
class Warnings implements Disposable {
  count = 0;
  readonly kinds: Set<string> = new Set();
  readonly #onWarning = (warning: Error): void => {
    this.count++;
    this.kinds.add(`${warning.name}: ${warning.message}`);
  };

  constructor() {
    process.on("warning", this.#onWarning);
  }

  [Symbol.dispose](): void {
    process.off("warning", this.#onWarning);
  }
}
