import type { Mode } from "../runner/contender.ts";
import type { Failure, Measurement, Series } from "../runner/measure.ts";
import { findRow, type RowEntry } from "../rows/rows.ts";
import { type Machine, packageVersion } from "./machine.ts";
import { median, type Quartiles, quartiles } from "./quartiles.ts";

/** What a run found. */
export interface Results {
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  readonly rows: readonly ResultRow[];
  readonly cells: readonly Cell[];
  readonly memory: readonly Memory[];
  readonly failures: readonly Failure[];
}

export interface ResultRow {
  readonly id: string;
  readonly title: string;
  readonly version: string | undefined;
}

/** One row at one payload, one number of calls in flight, in one or two processes. */
export interface Cell {
  readonly row: string;
  readonly mode: Mode;
  readonly payload: string;
  readonly inFlight: number;
  readonly rounds: number;
  /** Calls per second over those of the limit in the same round. */
  readonly ratio: Quartiles;
  readonly callsPerSecond: Quartiles;
  /** Medians of the rounds' own, in microseconds. */
  readonly latency: { readonly median: number; readonly p99: number };
  /** Microseconds per call. Only for two processes, which tell them apart. */
  readonly cpu: { readonly client: number; readonly worker: number } | undefined;
}

export interface Memory {
  readonly row: string;
  readonly bytesPerCall: number;
}

/** Boils a measurement down. */
export function summarize(
  measurement: Measurement,
  rows: readonly RowEntry[],
  about: Pick<Results, "date" | "command" | "machine">,
): Results {
  return {
    ...about,
    rows: rows.map(({ id, title, package: name }) => ({
      id,
      title,
      version: name === undefined ? undefined : packageVersion(name),
    })),
    cells: measurement.series.flatMap((series) => toCell(series, measurement.series) ?? []),
    memory: measurement.held.map(({ row, bytesPerCall }) => ({
      row,
      bytesPerCall: Math.round(median(bytesPerCall)),
    })),
    failures: measurement.failures.map(({ row, reason }) => ({
      row: findRow(row).id,
      reason: firstLine(reason),
    })),
  };
}

function toCell(series: Series, all: readonly Series[]): Cell | undefined {
  const { row, mode, payload, inFlight } = series;
  const samples = series.samples.filter((sample) => sample !== undefined);
  if (samples.length === 0) return undefined;
  const limit = all.find(
    (other) =>
      other.row === "limit" &&
      other.mode === mode &&
      other.payload === payload &&
      other.inFlight === inFlight,
  );
  const ratios = series.samples.flatMap((sample, round) => {
    const reference = limit?.samples[round];
    return sample && reference ? [sample.callsPerSecond / reference.callsPerSecond] : [];
  });
  const two = mode === "two";
  return {
    row,
    mode,
    payload,
    inFlight,
    rounds: samples.length,
    ratio: mapQuartiles(quartiles(ratios), (value) => Number(value.toFixed(3))),
    callsPerSecond: mapQuartiles(
      quartiles(samples.map((sample) => sample.callsPerSecond)),
      Math.round,
    ),
    latency: {
      median: Math.round(median(samples.map((sample) => sample.median))),
      p99: Math.round(median(samples.map((sample) => sample.p99))),
    },
    cpu: two
      ? {
          client: Number(median(samples.map(({ clientCPU = Number.NaN }) => clientCPU)).toFixed(1)),
          worker: Number(median(samples.map(({ workerCPU = Number.NaN }) => workerCPU)).toFixed(1)),
        }
      : undefined,
  };
}

function mapQuartiles(
  { median, low, high }: Quartiles,
  round: (value: number) => number,
): Quartiles {
  return { median: round(median), low: round(low), high: round(high) };
}

// Paths of the machine are nobody's business.
function firstLine(text: string): string {
  return (text.split("\n").find((line) => line.trim() !== "") ?? "")
    .replaceAll(/(?:file:\/\/)?\/[\w./-]+\//g, "")
    .slice(0, 200);
}
