import { deepStrictEqual } from "node:assert/strict";

import type { Client } from "../rows/row.ts";
import { cpuTime } from "./cpu_time.ts";
import type { Drive } from "./protocol.ts";

/** Latencies beyond so many in one drive are not kept. */
const MAX_SAMPLES = 200_000;

/** How long to call before anything counts, in milliseconds: a process that slept for seconds begins slowly. */
const LEAD_IN = 30;

/** Calls for so long, with so many calls in flight. */
export async function drive(
  client: Client,
  input: unknown,
  inFlight: number,
  milliseconds: number,
): Promise<Drive> {
  const begin = performance.now() + LEAD_IN;
  deepStrictEqual(await client.call(input), input);
  while (performance.now() < begin) await client.call(input);
  const latencies = new Float64Array(MAX_SAMPLES);
  let calls = 0;
  const cpuBefore = cpuTime();
  const start = performance.now();
  const end = start + milliseconds;
  const one = async (): Promise<void> => {
    let before = performance.now();
    while (before < end) {
      await client.call(input);
      const after = performance.now();
      if (calls < MAX_SAMPLES) latencies[calls] = after - before;
      calls++;
      before = after;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  const elapsed = performance.now() - start;
  const cpu = cpuTime() - cpuBefore;
  const sorted = latencies.subarray(0, Math.min(calls, MAX_SAMPLES)).sort();
  const quantile = (q: number): number =>
    1_000 * (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
  return {
    calls,
    callsPerSecond: (calls / elapsed) * 1_000,
    median: quantile(0.5),
    p99: quantile(0.99),
    cpu,
  };
}
