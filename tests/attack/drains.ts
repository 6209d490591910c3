import { Bench } from "../support/adapters.ts";
import { waitFor } from "../support/wait_for.ts";
import type { Attack } from "./attack.ts";
import { sleep } from "./attack.ts";
import { withClient } from "./broker_client.ts";

const CALLS = 150;

/** Stops workers at random moments of a load, and lets another one do the rest. */
export async function drains(attack: Attack): Promise<void> {
  const { report } = attack;
  const broker = await attack.broker();
  const random = attack.random("drains");
  const rounds = attack.rounds({ short: 12, full: 72 });
  let [calls, begun, slowest] = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    await using bench = new Bench(broker.settings, false);
    const route = bench.route();
    const type = random.chance(0.3) ? "quorum" : "classic";
    const concurrency = random.pick([1, 5, 20, 100]);
    // The slowest handler of a load ends well within the drain.
    const longest = Math.min(60, 4 * concurrency);
    const handled: number[] = [];
    bench.registry(route, { queue: { type } }, async (input: number) => {
      handled.push(input);
      if (input % 3 > 0) await sleep((input * 7) % longest);
      return { input };
    });
    const first = await bench.worker({ concurrency, drainTimeout: 10_000 });
    const client = bench.client();
    const isOwn = (reply: unknown, input: number): boolean =>
      (reply as { input: number }).input === input;
    const answers = Array.from({ length: CALLS }, async (_, input) => {
      if (input > 100) await sleep(input - 100);
      const reply = await client.call(route, input, { timeout: 30_000 });
      return isOwn(reply, input) ? "own" : "another";
    });
    const settled = Promise.allSettled(answers);
    await sleep(random.int(0, 80));
    const since = performance.now();
    await first.stop();
    slowest = Math.max(slowest, performance.now() - since - longest);
    begun += handled.length;
    const running = first.running;
    await bench.worker({ concurrency: 100 });
    const outcomes = await settled;
    const own = outcomes.filter((o) => o.status === "fulfilled" && o.value === "own").length;
    calls += CALLS;
    const name = `drain ${round} (${type}, concurrency ${concurrency})`;
    if (own !== CALLS) attack.fail(name, `${own} of ${CALLS} calls got their own answer`);
    if (running > 0) attack.fail(name, `${running} handlers ran on after stop()`);
    const twice = handled.length - new Set(handled).size;
    if (twice > 0) attack.fail(name, `${twice} calls were handled twice`);
    await waitFor(() => first.status.state === "closed", "the end of the worker");
    await withClient(broker.node.url, (channel) => channel.queueDelete(route));
  }
  report.tell(rounds, "drains");
  report.tell(calls, "calls");
  report.tell(begun, "begun before");
  report.tell(slowest, "ms at most beyond the longest handler");
  attack.reportFailures("broken rules");
}
