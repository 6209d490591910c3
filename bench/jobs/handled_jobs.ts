import { cpuTime } from "../host/cpu_time.ts";
import type { JobDrive } from "./protocol.ts";

/** Counts jobs that are handled, from the first of them to the last that is waited for. */
export class HandledJobs {
  readonly all: Promise<JobDrive>;
  #count = 0;
  readonly #jobs: number;
  #begin: { readonly cpu: number; readonly at: number } | undefined;
  #onAll: (drive: JobDrive) => void = () => {};

  constructor(jobs: number) {
    this.#jobs = jobs;
    this.all = new Promise((resolve) => (this.#onAll = resolve));
  }

  /** How many were handled, with those after the last that is waited for. */
  get count(): number {
    return this.#count;
  }

  add(): void {
    this.#begin ??= { cpu: cpuTime(), at: now() };
    if (++this.#count !== this.#jobs) return;
    const { cpu, at } = this.#begin;
    this.#onAll({ jobs: this.#jobs, startedAt: at, endedAt: now(), cpu: cpuTime() - cpu });
  }
}

/** By this machine's clock, in milliseconds with a fraction. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
