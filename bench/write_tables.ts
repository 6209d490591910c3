// Writes the benchmark's tables in docs/performance.md, between its two markers, from the summaries of the last full runs.
import { readFileSync, writeFileSync } from "node:fs";

import { inProject } from "../scripts/project.ts";
import { toName, toRatio, toTime } from "./report/markdown.ts";
import { readSummaries, type Load, type Summary } from "./report/summary.ts";
import { IN_FLIGHT } from "./runner/plan.ts";

const START = "<!-- benchmark: written by bench/write_tables.ts -->";
const END = "<!-- /benchmark -->";

const all = Object.entries(readSummaries());
// The oldest Node that is supported is the slowest of them, so that nobody finds less than is promised.
const shown = all.find(([name]) => name.startsWith("node")) ?? all[0];
if (!shown)
  throw new Error("Cannot write the tables: bench/results has no summary. Run npm run bench first");

const page = inProject("docs/performance.md");
const text = readFileSync(page, "utf8");
const [start, end] = [text.indexOf(START), text.indexOf(END)];
if (start < 0 || end < start)
  throw new Error(`Cannot write the tables: docs/performance.md has no markers: ${START} … ${END}`);
const [name, summary] = shown;
const parts = [toTable(summary), describe(name, summary), chart(name), perRuntime()];
const block = [START, ...parts.filter((part) => part !== ""), END].join("\n\n");
writeFileSync(page, text.slice(0, start) + block + text.slice(end + END.length));

function toTable({ rows }: Summary): string {
  const header = [
    "",
    "one at a time",
    "p99",
    "100 in flight",
    "calls/s",
    "500 in flight",
    "calls/s",
  ];
  const lines = rows.flatMap((row) => {
    const [one, hundred, fiveHundred] = IN_FLIGHT.map((inFlight) => pick(row.loads, inFlight));
    if (!one || !hundred || !fiveHundred) return [];
    return [
      [
        toName(row),
        toRatio(one.ratio),
        toTime(one.p99),
        toRatio(hundred.ratio),
        hundred.callsPerSecond.toLocaleString("en"),
        toRatio(fiveHundred.ratio),
        fiveHundred.callsPerSecond.toLocaleString("en"),
      ],
    ];
  });
  return toLines([header, ...lines]);
}

function describe(name: string, { machine, date }: Summary): string {
  return (
    `Echo of 50 B, client and worker in two processes; ratios to [the limit](#what-is-compared) in one run. ` +
    `${machine.runtime}, ${machine.broker}, ${machine.cpu}, ${machine.cores} cores for everything, ${date.slice(0, 10)}. ` +
    `[All numbers](../bench/results/${name}.md); \`npm run bench\` runs it again.`
  );
}

function chart(name: string): string {
  return `![Calls per second relative to the limit](../bench/results/${name}.svg)`;
}

function perRuntime(): string {
  if (all.length < 2) return "";
  const header = ["bgtasks / the limit", ...all.map(([, { machine }]) => machine.runtime)];
  const lines = IN_FLIGHT.map((inFlight) => [
    inFlight === 1 ? "one at a time" : `${inFlight} in flight`,
    ...all.map(([, { rows }]) => {
      const load = pick(rows.find(({ id }) => id === "bgtasks")?.loads ?? [], inFlight);
      return load ? toRatio(load.ratio) : "–";
    }),
  ]);
  return toLines([header, ...lines]);
}

function toLines([header = [], ...lines]: readonly (readonly string[])[]): string {
  const rule = header.map((_, index) => (index === 0 ? "---" : "---:"));
  return [header, rule, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function pick(loads: readonly Load[], inFlight: number): Load | undefined {
  return loads.find((load) => load.inFlight === inFlight);
}
