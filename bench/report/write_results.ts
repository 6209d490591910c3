import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { inProject } from "../../scripts/project.ts";
import { toChart } from "./chart.ts";
import { toMarkdown } from "./markdown.ts";
import type { Results } from "./results.ts";
import { writeSummary } from "./summary.ts";

/**
 * Writes a run's table, chart and numbers. Of a full run git keeps the table, the chart and a summary; all numbers, and a
 * part of a run, go where git does not look.
 */
export function writeResults(results: Results, complete: boolean): string {
  const name = runtimeName(results.machine.runtime);
  const partial = inProject("bench/results/partial");
  const folder = complete ? inProject("bench/results") : partial;
  mkdirSync(partial, { recursive: true });
  writeFileSync(join(partial, `${name}.json`), `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), toMarkdown(results));
  writeFileSync(join(folder, `${name}.svg`), toChart(results));
  if (complete) writeSummary(name, results);
  return `bench/results/${complete ? "" : "partial/"}${name}.{md,svg}, bench/results/partial/${name}.json`;
}

// "Node 20.20.2" → "node20"
function runtimeName(runtime: string): string {
  const [kind = "", version = ""] = runtime.split(" ");
  return `${kind.toLowerCase()}${version.split(".")[0] ?? ""}`;
}
