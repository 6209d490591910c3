// `npm run test:chaos [-- scenario…] [--short] [--kills N] [--messages N] [--calls N] [--seed N]`
import { parseArgs } from "node:util";

import { PrivateBroker } from "../support/private_broker.ts";
import { cluster } from "./cluster.ts";
import { drain } from "./drain_scenario.ts";
import { hostile } from "./hostile.ts";
import { jobsCluster } from "./jobs/cluster.ts";
import { jobScenarios, longJobScenarios } from "./jobs/scenarios.ts";
import { Report } from "./report.ts";
import { restarts } from "./restarts.ts";
import { soak } from "./soak.ts";
import { streams } from "./streams/streams.ts";

const { values, positionals } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    kills: { type: "string" },
    messages: { type: "string" },
    calls: { type: "string" },
    seed: { type: "string" },
  },
  allowPositionals: true,
});
const { short } = values;
const kills = number("kills", short ? 2 : 20);
const messages = number("messages", short ? 2_000 : 100_000);
const calls = number("calls", 1_000_000);
// The short form is part of the gate, which does not fail by chance.
const seed = number("seed", short ? 1 : 1 + (Date.now() % 1_000_000));

/** Those that share a broker, one after the other. */
const onOneNode: Readonly<
  Record<string, (report: Report, broker: PrivateBroker) => Promise<void>>
> = {
  drain: (report, broker) =>
    drain(
      report,
      broker,
      short
        ? [[200, 50]]
        : [
            [1_000, 100],
            [1_000, 1_000],
            [10_000, 500],
          ],
    ),
  hostile: (report, broker) => hostile(report, broker, { messages, seed }),
  restarts: (report, broker) => restarts(report, broker, { kills, loops: 20 }),
  streams: (report, broker) =>
    streams(report, broker, short ? { kills: 1, loops: 6 } : { kills, loops: 12 }),
  soak: (report, broker) => soak(report, broker, { calls, inFlight: 200, textLength: 10 }),
  "soak-2k": (report, broker) => soak(report, broker, { calls, inFlight: 100, textLength: 2_000 }),
  ...jobScenarios({ short, messages, kills: number("kills", short ? 2 : 10), seed }),
};
/** Those with brokers of their own. */
const onClusters: Readonly<Record<string, (report: Report) => Promise<void>>> = {
  cluster,
  "jobs-cluster": jobsCluster,
};
const scenarios = [...Object.keys(onOneNode), ...Object.keys(onClusters)];
const ofJobs = scenarios.filter(
  (name) => name.startsWith("jobs-") && !(short && longJobScenarios.includes(name)),
);
const byDefault = short ? ["drain", "hostile", "restarts", "streams", ...ofJobs] : scenarios;
const chosen =
  positionals.length > 0
    ? positionals.flatMap((name) => (name === "jobs" ? ofJobs : [name]))
    : byDefault;
const unknown = chosen.filter((name) => !scenarios.includes(name));
if (unknown.length > 0)
  fail(`Cannot run ${unknown.join(", ")}; there are jobs, ${scenarios.join(", ")}`);

let broker: PrivateBroker | undefined;
let failed = 0;
try {
  for (const name of chosen) {
    const report = new Report();
    const since = performance.now();
    try {
      const run = onOneNode[name];
      if (run) await run(report, (broker ??= await PrivateBroker.start()));
      else await onClusters[name]?.(report);
    } catch (error) {
      report.fail(error);
    }
    const seconds = Math.round((performance.now() - since) / 1_000);
    console.log(`${name}: ${report.holds ? "ok" : "NOT OK"} in ${seconds} s: ${report.line}`);
    for (const violation of report.violations) console.log(`  NOT: ${violation}`);
    if (!report.holds) failed++;
  }
} finally {
  await broker?.[Symbol.asyncDispose]();
}
console.log(`${chosen.length - failed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

function number(name: "kills" | "messages" | "calls" | "seed", normal: number): number {
  const value = Number(values[name] ?? normal);
  if (Number.isSafeInteger(value) && value > 0) return value;
  return fail(`Cannot use --${name} ${values[name]} as it must be a whole number above 0`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
