import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { inProject } from "../../scripts/project.ts";
import { toChart } from "./chart.ts";
import { toMarkdown } from "./markdown.ts";
import type { Results } from "./results.ts";

/** Writes a run's table, numbers and chart; those of a part of the run go where git does not look. */
export function writeResults(results: Results, complete: boolean): string {
  const folder = inProject(complete ? "bench/results" : "bench/results/partial");
  mkdirSync(folder, { recursive: true });
  const name = runtimeName(results.machine.runtime);
  const write = (extension: string, content: string): void =>
    writeFileSync(join(folder, `${name}.${extension}`), content);
  write("json", `${JSON.stringify(results, undefined, 2)}\n`);
  write("md", toMarkdown(results));
  write("svg", toChart(results));
  return `bench/results/${complete ? "" : "partial/"}${name}.{json,md,svg}`;
}

// "Node 20.20.2" → "node20"
function runtimeName(runtime: string): string {
  const [kind = "", version = ""] = runtime.split(" ");
  return `${kind.toLowerCase()}${version.split(".")[0] ?? ""}`;
}
