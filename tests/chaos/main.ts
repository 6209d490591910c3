// `npm run test:chaos [-- scenario…] [--restarts N] [--messages N] [--calls N]`: what takes too long for every day.
import { parseArgs } from "node:util";

import { cluster } from "./cluster.ts";
import { drain } from "./drain_scenario.ts";
import { hostile } from "./hostile.ts";
import { Report } from "./report.ts";
import { restarts } from "./restarts.ts";
import { soak } from "./soak.ts";

const { values, positionals } = parseArgs({
  options: {
    restarts: { type: "string", default: "20" },
    messages: { type: "string", default: "100000" },
    calls: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
  allowPositionals: true,
});

const scenarios: Readonly<Record<string, (report: Report) => Promise<void>>> = {
  restarts: (report) => restarts(report, { restarts: number("restarts"), loops: 20 }),
  drain,
  cluster,
  hostile: (report) => hostile(report, { messages: number("messages"), seed: number("seed") }),
  soak: (report) => soak(report, { calls: number("calls") }),
};

const chosen = positionals.length > 0 ? positionals : Object.keys(scenarios);
const reports: string[] = [];
for (const name of chosen) {
  const run = scenarios[name];
  if (!run) {
    console.error(`Cannot run ${name}; there are ${Object.keys(scenarios).join(", ")}`);
    process.exit(2);
  }
  console.log(`${name} …`);
  const report = new Report();
  const since = performance.now();
  try {
    await run(report);
  } catch (error) {
    report.fail(error);
  }
  const seconds = Math.round((performance.now() - since) / 1_000);
  reports.push(`${name}: ${report.holds ? "ok" : "NOT OK"}, ${seconds} s\n${String(report)}`);
  if (!report.holds) process.exitCode = 1;
}
console.log(`\n${reports.join("\n\n")}`);

function number(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`Cannot use --${name} ${values[name]}: it must be a whole number above 0`);
  process.exit(2);
}
