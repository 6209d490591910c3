// Writes the benchmark's tables in docs/performance.md, between its two markers, from the results of the last full runs.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

import { inProject } from "../scripts/project.ts";
import { toName, toRatio, toTime } from "./report/markdown.ts";
import type { Cell, Results } from "./report/results.ts";
import { IN_FLIGHT } from "./runner/plan.ts";

const START = "<!-- benchmark: written by bench/write_readme.ts -->";
const END = "<!-- /benchmark -->";

const folder = inProject("bench/results");
const all = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file) => ({
    name: file.replace(/\.json$/, ""),
    results: JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as Results,
  }));
// The oldest Node that is supported is the slowest of them, so that nobody finds less than is promised.
const shown = all.find(({ name }) => name.startsWith("node")) ?? all[0];
if (!shown) throw new Error("Cannot write the table as bench/results is empty: npm run bench");

const readme = inProject("docs/performance.md");
const text = readFileSync(readme, "utf8");
const [start, end] = [text.indexOf(START), text.indexOf(END)];
if (start < 0 || end < start)
  throw new Error(
    `Cannot write the table as docs/performance.md has no markers: ${START} … ${END}`,
  );
const parts = [toTable(shown.results), describe(shown), chart(shown.name), perRuntime()];
const block = [START, ...parts.filter((part) => part !== ""), END].join("\n\n");
writeFileSync(readme, text.slice(0, start) + block + text.slice(end + END.length));

function toTable({ rows, cells }: Results): string {
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
    const [one, hundred, fiveHundred] = IN_FLIGHT.map((inFlight) => pick(cells, row.id, inFlight));
    if (!one || !hundred || !fiveHundred) return [];
    return [
      [
        toName(row),
        toRatio(one.ratio.median),
        toTime(one.latency.p99),
        toRatio(hundred.ratio.median),
        hundred.callsPerSecond.median.toLocaleString("en"),
        toRatio(fiveHundred.ratio.median),
        fiveHundred.callsPerSecond.median.toLocaleString("en"),
      ],
    ];
  });
  const rule = header.map((_, index) => (index === 0 ? "---" : "---:"));
  return [header, rule, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function describe({
  name,
  results: { machine, date },
}: {
  name: string;
  results: Results;
}): string {
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
  const header = ["bgtasks / the limit", ...all.map(({ results }) => results.machine.runtime)];
  const lines = IN_FLIGHT.map((inFlight) => [
    inFlight === 1 ? "one at a time" : `${inFlight} in flight`,
    ...all.map(({ results }) => {
      const cell = pick(results.cells, "bgtasks", inFlight);
      return cell ? toRatio(cell.ratio.median) : "–";
    }),
  ]);
  const rule = header.map((_, index) => (index === 0 ? "---" : "---:"));
  return [header, rule, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function pick(cells: readonly Cell[], row: string, inFlight: number): Cell | undefined {
  return cells.find(
    (cell) =>
      cell.row === row &&
      cell.mode === "two" &&
      cell.payload === "50B" &&
      cell.inFlight === inFlight,
  );
}
