import type { Settings } from "../../../mod.ts";
import type { PrivateBroker } from "../../support/private_broker.ts";
import { withClient } from "../broker_client.ts";
import type { Attack } from "../attack.ts";
import { inParallel } from "../attack.ts";
import { Random } from "../random.ts";
import { play } from "./play.ts";
import type { Program } from "./program.ts";
import { ProgramMaker } from "./program.ts";

/** Programs that are played at the same time. Most of the time they wait. */
const AT_A_TIME = 12;

/** The short form takes as many programs as it has time for, in milliseconds. */
const SHORT_TIME = 25_000;

/**
 * Plays random programs over the loopback and over RabbitMQ and compares all that can be seen: replies, errors with all
 * that they say, and what handlers were given how often.
 */
export async function fuzz(attack: Attack): Promise<void> {
  const { report, seed, only } = attack;
  const broker = await attack.broker();
  const count = attack.rounds({ short: 1_000, full: 2_000 });
  const numbers = only === undefined ? Array.from({ length: count }, (_, i) => i) : [Number(only)];
  const endsAt = attack.short ? performance.now() + SHORT_TIME : Infinity;
  let [programs, steps, calls] = [0, 0, 0];
  await inParallel(numbers, AT_A_TIME, async (number) => {
    if (performance.now() > endsAt) return;
    const program = new ProgramMaker(Random.of(seed, `program ${number}`)).make();
    const difference = await compare(program, broker, `fuzz.${seed}.${number}`);
    programs++;
    steps += program.steps.length;
    for (const step of program.steps) if ("calls" in step) calls += step.calls.length;
    if (difference !== undefined) attack.fail(`program ${number}`, difference);
    if (only !== undefined) report.remark(JSON.stringify(program, undefined, 1));
  });
  report.tell(programs, "programs on both adapters");
  report.tell(steps, "steps");
  report.tell(calls, "calls on each");
  attack.reportFailures("programs that ended otherwise");
}

/** The first difference; undefined when there is none. */
async function compare(
  program: Program,
  broker: PrivateBroker,
  name: string,
): Promise<string | undefined> {
  const prefix = `${name}.${crypto.randomUUID().slice(0, 4)}`;
  const loopback: Settings = { environment: "test" };
  try {
    const [over, expected] = await Promise.all([
      play(program, broker.settings, prefix),
      play(program, loopback, prefix),
    ]);
    const at = expected.findIndex((line, index) => line !== over[index]);
    if (at < 0) return undefined;
    const [ours, theirs] = differing(expected[at] ?? "", over[at] ?? "");
    return `step ${at}\n    loopback …${ours}\n    RabbitMQ …${theirs}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    const routes = [0, 1, 2, 3].map((route) => `${prefix}.${route}`);
    await withClient(broker.node.url, (channel) =>
      Promise.all(routes.map((route) => channel.queueDelete(route))),
    );
  }
}

/** Both from a little before the place where they differ. */
function differing(a: string, b: string): [string, string] {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const from = Math.max(0, at - 120);
  return [a.slice(from, at + 240), b.slice(from, at + 240)];
}
