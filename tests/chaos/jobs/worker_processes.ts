import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { signalProcess } from "../../../scripts/run_command.ts";
import { waitFor } from "../../support/wait_for.ts";

/** What the workers' handler is told. */
export interface ChaosJob {
  /** How long its handler takes, in milliseconds. */
  readonly pause: number;
  /** Whether its handler then kills its own process. */
  readonly isPoison?: boolean;
}

export interface WorkerProcessesOptions {
  /** What each of them runs. @default a worker of {@link ChaosJob} */
  readonly program?: URL;
  readonly url: string;
  readonly route: string;
  readonly count: number;
  /** Of each worker. */
  readonly concurrency: number;
}

/** Workers in processes of their own. Each that dies is started again, as a supervisor does it. */
export class WorkerProcesses implements AsyncDisposable {
  /** How often a handler ended, by the job's id. */
  readonly handled = new Map<string, number>();
  /** How often a process died. */
  deaths = 0;
  readonly #args: readonly string[];
  /** Those that run, and whether they serve yet. */
  readonly #running = new Map<ChildProcess, boolean>();
  #closing = false;
  #errors = "";

  /** Starts them, and waits until all serve. */
  static async start(options: WorkerProcessesOptions): Promise<WorkerProcesses> {
    const workers = new WorkerProcesses(options);
    for (let index = 0; index < options.count; index++) workers.#start();
    try {
      const areReady = (): boolean => workers.#ready.length === options.count;
      await waitFor(areReady, "workers to start", 60_000);
      return workers;
    } catch (error) {
      await workers[Symbol.asyncDispose]();
      throw new Error(`Cannot start workers: ${workers.#errors}`, { cause: error });
    }
  }

  private constructor({
    program = new URL("worker_program.ts", import.meta.url),
    url,
    route,
    concurrency,
  }: WorkerProcessesOptions) {
    this.#args = ["--import", "tsx", fileURLToPath(program), url, route, String(concurrency)];
  }

  /** How many jobs were ended more than once. */
  get repeated(): number {
    return [...this.handled.values()].filter((count) => count > 1).length;
  }

  /** Kills the one that has served for longest, at once and without a word. @returns whether there was one */
  killOne(): boolean {
    const [oldest] = this.#ready;
    if (oldest?.pid === undefined) return false;
    this.#running.set(oldest, false);
    signalProcess(oldest.pid, "SIGKILL");
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    for (const { pid } of this.#running.keys())
      if (pid !== undefined) signalProcess(pid, "SIGKILL");
    await waitFor(() => this.#running.size === 0, "the workers' ends");
  }

  get #ready(): ChildProcess[] {
    return [...this.#running].filter(([, isReady]) => isReady).map(([child]) => child);
  }

  #start(): void {
    const child = spawn(process.execPath, this.#args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#running.set(child, false);
    child.stderr.on("data", (chunk: Uint8Array) => {
      this.#errors = `${this.#errors}${String(chunk)}`.slice(-4_000);
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line === "ready") this.#running.set(child, true);
      else this.handled.set(line, (this.handled.get(line) ?? 0) + 1);
    });
    // After all of its output was read.
    child.once("close", () => {
      this.#running.delete(child);
      if (this.#closing) return;
      this.deaths++;
      this.#start();
    });
  }
}
