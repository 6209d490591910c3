import type { JobClient } from "../../../mod.ts";
import { BgtasksError } from "../../../mod.ts";
import { waitFor } from "../../support/wait_for.ts";

export interface SendLoadOptions {
  /** How many loops send, each one job after the other. */
  readonly loops: number;
  /** Deadlines of the sends, in milliseconds; the loops take turns. */
  readonly timeouts: readonly number[];
  /** Delays of the jobs, in milliseconds; they take turns. */
  readonly delays: readonly number[];
}

/** What came of the sends. */
export interface SendCounts {
  /** The ids of the jobs whose send resolved. */
  readonly stored: ReadonlySet<string>;
  /** The ids of those that nobody knows of. */
  readonly unconfirmed: ReadonlySet<string>;
  /** How many sends ended otherwise, by code. */
  readonly others: ReadonlyMap<string, number>;
  /** How long the slowest send outlived its deadline, in milliseconds. */
  readonly overrun: number;
  /** Sends that had not ended when every deadline was over. */
  readonly hung: number;
}

/** Loops that send jobs. */
export class SendLoad implements Disposable {
  readonly #stored = new Set<string>();
  readonly #unconfirmed = new Set<string>();
  readonly #others = new Map<string, number>();
  readonly #client: JobClient;
  readonly #route: string;
  readonly #options: SendLoadOptions;
  #running: number;
  #sent = 0;
  #overrun = 0;
  #stopping = false;

  constructor(client: JobClient, route: string, options: SendLoadOptions) {
    this.#client = client;
    this.#route = route;
    this.#options = options;
    this.#running = options.loops;
    const { loops, timeouts } = options;
    for (let loop = 0; loop < loops; loop++)
      void this.#loop(timeouts[loop % timeouts.length] ?? 60_000);
  }

  /** Waits until so many more are stored. */
  async progress(count: number, timeout = 60_000): Promise<void> {
    const goal = this.#stored.size + count;
    await waitFor(() => this.#stored.size >= goal, `${count} more stored jobs`, timeout);
  }

  /** Lets the sends that are out end, and tells what came of all. */
  async stop(): Promise<SendCounts> {
    this.#stopping = true;
    const longest = Math.max(...this.#options.timeouts);
    await waitFor(() => this.#running === 0, "the last sends", longest + 10_000).catch(() => {});
    return {
      stored: this.#stored,
      unconfirmed: this.#unconfirmed,
      others: this.#others,
      overrun: this.#overrun,
      hung: this.#running,
    };
  }

  [Symbol.dispose](): void {
    this.#stopping = true;
  }

  async #loop(timeout: number): Promise<void> {
    while (!this.#stopping) await this.#send(timeout);
    this.#running--;
  }

  async #send(timeout: number): Promise<void> {
    const { delays } = this.#options;
    const number = ++this.#sent;
    const id = `job-${number}`;
    const delay = delays[number % delays.length] ?? 0;
    const since = performance.now();
    try {
      await this.#client.send(this.#route, number, { id, timeout, delay });
      this.#stored.add(id);
    } catch (error) {
      const code = error instanceof BgtasksError ? error.code : String(error);
      if (code === "job_unconfirmed") this.#unconfirmed.add(id);
      else this.#others.set(code, (this.#others.get(code) ?? 0) + 1);
      // Not in a tight loop, while nothing can be sent.
      await new Promise((resolve) => setTimeout(resolve, 2));
    } finally {
      this.#overrun = Math.max(this.#overrun, performance.now() - since - timeout);
    }
  }
}
