import { median, quartiles } from "../report/quartiles.ts";
import type { JobRound } from "./job_contender.ts";
import type { JobRowEntry } from "./rows/job_rows.ts";

/** The rates, in the order of the table. */
const RATES = [
  ["send1", "sends, 1 unconfirmed"],
  ["send100", "100"],
  ["send1000", "1,000"],
  ["handle1", "handled, 1 at a time"],
  ["handle100", "100"],
  ["through", "sent and handled"],
] as const;

/** CPU per job, as the rates. */
const CPU = [
  ["clientCPU", "CPU client"],
  ["workerCPU", "CPU worker"],
] as const;

/** Rates relative to those of the limit in the same round, and jobs per second; CPU in microseconds per job. */
export function toJobTable(
  measured: ReadonlyMap<JobRowEntry, readonly JobRound[]>,
  nameOf: (row: JobRowEntry) => string,
): string {
  const [limit = []] = measured.values();
  const header = ["", ...RATES.map(([, title]) => title), ...CPU.map(([, title]) => title)];
  const lines = [...measured].map(([row, rounds]) => [
    nameOf(row),
    ...RATES.map(([name]) => {
      const ratios = rounds.map((round, index) => round[name] / (limit[index]?.[name] ?? NaN));
      const ratio = quartiles(ratios);
      const rate = Math.round(median(rounds.map((round) => round[name]))).toLocaleString("en");
      return `**${ratio.median.toFixed(2)}** (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}) ${rate}/s`;
    }),
    ...CPU.map(([name]) => `${median(rounds.map((round) => round[name])).toFixed(0)} µs`),
  ]);
  const rule = header.map((_, index) => (index === 0 ? "---" : "---:"));
  return [header, rule, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}
