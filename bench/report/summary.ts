import { readFileSync, writeFileSync } from "node:fs";

import { inProject } from "../../scripts/project.ts";
import type { Machine } from "./machine.ts";
import type { Results, ResultRow } from "./results.ts";

/** What git keeps of a full run beside its table and its chart: echo of 50 B in two processes. */
export interface Summary {
  readonly date: string;
  readonly machine: Machine;
  readonly rows: readonly SummaryRow[];
}

export interface SummaryRow extends ResultRow {
  readonly loads: readonly Load[];
}

/** One number of calls in flight. */
export interface Load {
  readonly inFlight: number;
  /** Calls per second over those of the limit. */
  readonly ratio: number;
  readonly callsPerSecond: number;
  /** In microseconds. */
  readonly p99: number;
}

const path = inProject("bench/results/summary.json");

/** The summaries of the last full runs, by the runtime's name with its major version: "node20". */
export function readSummaries(): Readonly<Record<string, Summary>> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, Summary>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** Puts the summary of a run in the place of the last one on that runtime. */
export function writeSummary(name: string, results: Results): void {
  const summaries = { ...readSummaries(), [name]: toSummary(results) };
  const entries = Object.entries(summaries).sort(([a], [b]) => (a < b ? -1 : 1));
  // A row a line, so that git shows which rows changed.
  const texts = entries.map(([key, { date, machine, rows }]) => {
    const lines = rows.map((row) => `\n    ${JSON.stringify(row)}`).join(",");
    const head = `"date": ${JSON.stringify(date)},\n  "machine": ${JSON.stringify(machine)}`;
    return `${JSON.stringify(key)}: {\n  ${head},\n  "rows": [${lines}\n  ]\n}`;
  });
  writeFileSync(path, `{\n${texts.join(",\n")}\n}\n`);
}

function toSummary({ date, machine, rows, cells }: Results): Summary {
  const shown = cells.filter(({ mode, payload }) => mode === "two" && payload === "50B");
  return {
    date,
    machine,
    rows: rows.map((row) => ({
      ...row,
      loads: shown
        .filter((cell) => cell.row === row.id)
        .map(({ inFlight, ratio, callsPerSecond, latency }) => ({
          inFlight,
          ratio: ratio.median,
          callsPerSecond: callsPerSecond.median,
          p99: latency.p99,
        })),
    })),
  };
}
