import { fileURLToPath } from "node:url";

import type { Runtime } from "../../scripts/testing/runtime.ts";
import { HostProcess } from "../runner/host_process.ts";
import type { JobCommand, JobDrive } from "./protocol.ts";
import type { JobTarget } from "./rows/job_row.ts";
import type { JobRowEntry } from "./rows/job_rows.ts";

const host = fileURLToPath(new URL("host.ts", import.meta.url));

/** Jobs of each step: so many that it takes some hundred milliseconds. */
const JOBS = { send1: 60, send100: 1_000, send1000: 2_000, handle1: 80, through: 1_000 } as const;

/** What is measured of a row in a round: rates in jobs per second, CPU in microseconds per job. */
export interface JobRound {
  readonly send1: number;
  readonly send100: number;
  readonly send1000: number;
  readonly handle1: number;
  readonly handle100: number;
  /** Sent with 100 unconfirmed and handled 100 at a time, from the first send to the last end. */
  readonly through: number;
  readonly clientCPU: number;
  readonly workerCPU: number;
}

/** A row with its two processes. */
export class JobContender {
  readonly row: JobRowEntry;
  readonly #sender: HostProcess;
  readonly #worker: HostProcess;

  private constructor(row: JobRowEntry, runtime: Runtime) {
    this.row = row;
    this.#sender = new HostProcess(runtime, [], host);
    this.#worker = new HostProcess(runtime, [], host);
  }

  static async open(row: JobRowEntry, runtime: Runtime, target: JobTarget): Promise<JobContender> {
    const contender = new JobContender(row, runtime);
    try {
      const open: JobCommand = { do: "open", row: row.id, target };
      await Promise.all([contender.#sender.ask(open), contender.#worker.ask(open)]);
      return contender;
    } catch (error) {
      await contender.close();
      throw error;
    }
  }

  /** Sends jobs, then does them, then both at a time. Its queue is empty before and after. */
  async round(): Promise<JobRound> {
    const send1 = await this.#send(JOBS.send1, 1);
    const send100 = await this.#send(JOBS.send100, 100);
    const send1000 = await this.#send(JOBS.send1000, 1_000);
    await this.#work(1, JOBS.handle1);
    const [handle1, done] = await this.#handled();
    await this.#work(100, JOBS.send1 + JOBS.send100 + JOBS.send1000 - done);
    const [handle100] = await this.#handled();
    await this.#work(100, JOBS.through);
    const sent = await this.#send(JOBS.through, 100);
    const [handled] = await this.#handled();
    return {
      send1: rateOf(send1),
      send100: rateOf(send100),
      send1000: rateOf(send1000),
      handle1: rateOf(handle1),
      handle100: rateOf(handle100),
      through: rateOf({ ...handled, startedAt: sent.startedAt }),
      clientCPU: send100.cpu / send100.jobs,
      workerCPU: handle100.cpu / handle100.jobs,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#sender.end(), this.#worker.end()]);
  }

  #send(jobs: number, unconfirmed: number): Promise<JobDrive> {
    return this.#sender.ask<JobDrive>({ do: "send", jobs, unconfirmed });
  }

  async #work(concurrency: number, jobs: number): Promise<void> {
    await this.#worker.ask({ do: "work", concurrency, jobs });
  }

  /** @returns what was measured, and how many jobs were done in all */
  async #handled(): Promise<[JobDrive, number]> {
    const drive = await this.#worker.ask<JobDrive>({ do: "handled" });
    return [drive, await this.#worker.ask<number>({ do: "rest" })];
  }
}

function rateOf({ jobs, startedAt, endedAt }: JobDrive): number {
  return (1_000 * jobs) / (endedAt - startedAt);
}
