/** How many calls are in flight at a time. */
export const IN_FLIGHT = [1, 100, 500] as const;

/** How many requests a worker takes at a time, on every row; no call in flight waits for another's acknowledgement. */
export const PREFETCH = 500;

/** How many calls the memory's measurement holds. */
export const HELD_CALLS = 10_000;

/** How long and how often things are measured. */
export interface Plan {
  /** Of one drive, in milliseconds. */
  readonly drive: number;
  /** Before the first drive of a row, in milliseconds. */
  readonly warmUp: number;
  readonly rounds: number;
  /** How often the memory of pending calls is measured. */
  readonly holds: number;
}

/** Within 2 minutes. */
export const quickPlan: Plan = { drive: 100, warmUp: 400, rounds: 5, holds: 1 };

/** Within 15 minutes. 500 calls of 100 KB take a second, whatever is planned. */
export const fullPlan: Plan = {
  drive: 100,
  warmUp: 1_000,
  rounds: 15,
  holds: 2,
};
