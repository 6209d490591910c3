import { payloads } from "../payloads.ts";
import type { Mode } from "../runner/contender.ts";
import { IN_FLIGHT } from "../runner/plan.ts";
import type { Cell, Results, ResultRow } from "./results.ts";

const MODES: Readonly<Record<Mode, string>> = {
  two: "client and worker in two processes",
  one: "client and worker in one process",
};

/** The report of a run. */
export function toMarkdown(results: Results): string {
  const { machine } = results;
  const sections = payloads.flatMap(({ id, title }) =>
    (["two", "one"] as const).flatMap((mode) => {
      const cells = results.cells.filter((cell) => cell.payload === id && cell.mode === mode);
      return cells.length === 0
        ? []
        : [`## ${title}, ${MODES[mode]}\n\n${toTable(results, cells, mode)}`];
    }),
  );
  return [
    `# Benchmark on ${machine.runtime}`,
    "Written by `bench/main.ts`; do not edit.",
    `${results.date.slice(0, 10)}, \`${results.command}\`, ${machine.cpu}, ${machine.cores} cores for everything, ` +
      `${machine.memory}, ${machine.system}, ${machine.broker}.`,
    "Each ratio is calls per second over those of the limit in the same round: its median, and in brackets the middle " +
      "half of all rounds. Latencies are medians of the rounds' own. CPU is microseconds per call with 100 in flight. " +
      "Memory is what each of 10,000 pending calls keeps, its input of 13 bytes included. " +
      "What is compared, and how, is in [docs/performance.md](../../docs/performance.md).",
    ...sections,
    ...toFailures(results),
  ]
    .join("\n\n")
    .concat("\n");
}

/** One table: rows by calls in flight. */
export function toTable(results: Results, cells: readonly Cell[], mode: Mode): string {
  const header = [
    "",
    ...IN_FLIGHT.flatMap((inFlight) => [
      inFlight === 1 ? "one at a time" : `${inFlight} in flight`,
      inFlight === 1 ? "median" : "calls/s",
      "p99",
    ]),
    ...(mode === "two" ? ["CPU client", "CPU worker", "memory"] : []),
  ];
  const lines = results.rows.flatMap((row) => {
    const own = cells.filter((cell) => cell.row === row.id);
    if (own.length === 0) return [];
    const columns = [
      toName(row),
      ...IN_FLIGHT.flatMap((inFlight) => toColumns(own.find((cell) => cell.inFlight === inFlight))),
    ];
    if (mode === "two") {
      const { cpu } = own.find((cell) => cell.inFlight === 100) ?? {};
      const memory = results.memory.find(({ row: id }) => id === row.id);
      columns.push(
        cpu ? `${cpu.client.toFixed(0)} µs` : "–",
        cpu ? `${cpu.worker.toFixed(0)} µs` : "–",
        memory ? toSize(memory.bytesPerCall) : "–",
      );
    }
    return [toLine(columns)];
  });
  return [
    toLine(header),
    toLine(header.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...lines,
  ].join("\n");
}

function toColumns(cell: Cell | undefined): string[] {
  if (!cell) return ["–", "–", "–"];
  const { ratio, callsPerSecond, latency, inFlight } = cell;
  return [
    `**${toRatio(ratio.median)}** (${toRatio(ratio.low)}–${toRatio(ratio.high)})`,
    inFlight === 1 ? toTime(latency.median) : callsPerSecond.median.toLocaleString("en"),
    toTime(latency.p99),
  ];
}

/** A row's title with its version. */
export function toName({ title, version }: ResultRow): string {
  return version === undefined ? title : `${title} (${version})`;
}

/** A ratio with as many digits as it deserves. */
export function toRatio(ratio: number): string {
  return ratio.toFixed(2);
}

/** Microseconds in milliseconds. */
export function toTime(microseconds: number): string {
  const milliseconds = microseconds / 1_000;
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
}

function toSize(bytes: number): string {
  return bytes < 10_000 ? `${bytes.toLocaleString("en")} B` : `${Math.round(bytes / 1_024)} KB`;
}

function toFailures({ failures, machine }: Results): string[] {
  if (failures.length === 0) return [];
  const lines = failures.map(({ row, reason }) => `- ${row}: ${reason}`);
  return [`## Not measured, or not to the end, on ${machine.runtime}`, lines.join("\n")];
}

function toLine(columns: readonly string[]): string {
  return `| ${columns.join(" | ")} |`;
}
