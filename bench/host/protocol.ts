import type { Target } from "../rows/row.ts";

/** What the runner asks of a process that hosts a client, a worker or both. */
export type Command =
  | {
      readonly do: "open";
      readonly row: string;
      readonly roles: readonly Role[];
      readonly target: Target;
    }
  | {
      readonly do: "drive";
      readonly payload: string;
      readonly inFlight: number;
      readonly milliseconds: number;
    }
  | { readonly do: "hold"; readonly calls: number }
  | { readonly do: "cpu" }
  | { readonly do: "close" };

export type Role = "client" | "worker";

/** What a `drive` measured. Times in microseconds. */
export interface Drive {
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly median: number;
  readonly p99: number;
  /** CPU time of this process while it drove. */
  readonly cpu: number;
}

/** What a `hold` measured. */
export interface Held {
  readonly bytesPerCall: number;
}

/** CPU time of the process since its start, in microseconds. */
export interface CPU {
  readonly cpu: number;
}

/** Begins every line of an answer, as a library may print too. */
export const MARK = "@bench ";

export type Answer = { readonly result: unknown } | { readonly error: string };
