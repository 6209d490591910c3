import { ExitCode } from "../terminal/exit_code.ts";
import type { WorkerReport } from "./process_messages.ts";
import type { ProcessEnd, WorkerProcess } from "./worker_process.ts";

/** How long a process that fell stays down at first, and at most, in milliseconds. */
const [FIRST_DELAY, LONGEST_DELAY] = [500, 30_000];

/** A process that ran at least this long counts as healthy: its next crash starts the back-off over. In milliseconds. */
const RECOVERED = 60_000;

/** How much longer than its own drain a process may take to end, in milliseconds. */
const GRACE = 5_000;

/** Options of a supervisor. */
export interface ProcessKeeperOptions {
  readonly processes: number;
  /** Wait for {@link ProcessKeeper.reload} when a process cannot begin to serve, instead of giving up. */
  readonly watch: boolean;
  /** How long a drain may take, in milliseconds. */
  readonly drainTimeout: number;
  readonly start: (
    process: number,
    onReport: (report: WorkerReport) => void,
  ) => Pick<WorkerProcess, "ended" | "drain" | "kill">;
  readonly onReport: (process: number, report: WorkerReport) => void;
  /** Tells people what happens. */
  readonly print: (text: string) => void;
}

/** Keeps processes that serve: starts those again that fall, and all of them when their modules have changed. */
export class ProcessKeeper {
  readonly #options: ProcessKeeperOptions;
  readonly #running = new Map<number, ReturnType<ProcessKeeperOptions["start"]>>();
  /** Processes that have served: what keeps one from doing so again may pass, e.g. a broker that refuses all. */
  readonly #begun = new Set<number>();
  readonly #stopping = new AbortController();
  #reloading = new AbortController();
  #exitCode: ExitCode = ExitCode.OK;

  constructor(options: ProcessKeeperOptions) {
    this.#options = options;
  }

  /** Resolves with the exit code when every process has ended. */
  async run(): Promise<ExitCode> {
    const numbers = Array.from({ length: this.#options.processes }, (_, index) => index + 1);
    await Promise.all(numbers.map((number) => this.#keep(number)));
    return this.#exitCode;
  }

  /** Drains all processes, and starts none any more. */
  stop(): void {
    this.#stopping.abort();
    this.#drain();
  }

  /** Drains all processes and starts them again; those that wait, at once. */
  reload(): void {
    const before = this.#reloading;
    this.#reloading = new AbortController();
    before.abort();
    this.#drain();
  }

  /** Ends all processes at once. */
  kill(): void {
    for (const running of this.#running.values()) running.kill();
  }

  async #keep(number: number): Promise<void> {
    const { signal } = this.#stopping;
    const { watch, print } = this.#options;
    let falls = 0;
    while (!signal.aborted) {
      const reloading = this.#reloading.signal;
      const end = await this.#runOnce(number);
      if (signal.aborted) {
        // What does not end in order has not finished what it began.
        if (end.code !== ExitCode.OK) this.#fail(`process ${number} ended with ${end.how}`);
      } else if (end.wasAsked || reloading.aborted) {
        falls = 0;
      } else if (end.wasReady || (!watch && this.#begun.has(number))) {
        falls = end.uptime > RECOVERED ? 1 : falls + 1;
        await this.#waitAfterFall(number, end, falls, reloading);
      } else if (watch) {
        print("Waiting for a change.");
        await Promise.race([aborted(signal), aborted(reloading)]);
      } else {
        this.#fail(undefined);
        this.stop();
      }
    }
  }

  async #runOnce(number: number): Promise<ProcessEnd> {
    const { start, onReport } = this.#options;
    const running = start(number, (report) => {
      if (report.state === "ready") this.#begun.add(number);
      onReport(number, report);
    });
    this.#running.set(number, running);
    const end = await running.ended;
    this.#running.delete(number);
    return end;
  }

  async #waitAfterFall(
    number: number,
    { how }: ProcessEnd,
    falls: number,
    reloading: AbortSignal,
  ): Promise<void> {
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (falls - 1));
    const again = falls > 1 ? ` (fall ${falls} in a row)` : "";
    this.#options.print(
      `process ${number} ended with ${how}${again}: starting it again in ${delay / 1_000} s`,
    );
    const { promise, cancel } = pause(delay);
    await Promise.race([promise, aborted(this.#stopping.signal), aborted(reloading)]);
    cancel();
  }

  #drain(): void {
    for (const running of this.#running.values()) running.drain(this.#options.drainTimeout + GRACE);
  }

  #fail(reason: string | undefined): void {
    if (reason !== undefined) this.#options.print(reason);
    this.#exitCode = ExitCode.FAILED;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}

function pause(milliseconds: number): { promise: Promise<void>; cancel: () => void } {
  let cancel = (): void => {};
  const promise = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    cancel = () => clearTimeout(timer);
  });
  return { promise, cancel };
}
