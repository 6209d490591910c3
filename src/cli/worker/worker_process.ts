import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import process from "node:process";

import { MAX_TIMEOUT } from "../../time/max_timeout.ts";
import type { Supervision, WorkerOrder, WorkerReport } from "./process_messages.ts";
import { supervisedEnvironment } from "./process_messages.ts";

/** How a process ended. */
export interface ProcessEnd {
  /** What it ended with, e.g. `exit code 1` or `SIGKILL`. */
  readonly how: string;
  readonly code: number | null;
  /** Whether it had begun to serve. */
  readonly wasReady: boolean;
  /** Whether it was told to drain. */
  readonly wasAsked: boolean;
  /** How long it ran, in milliseconds. */
  readonly uptime: number;
}

/** A process that serves, seen from the one that supervises it. */
export class WorkerProcess {
  /** Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #isReady = false;
  #wasAsked = false;
  #isOver = false;
  #overdue: ReturnType<typeof setTimeout> | undefined;

  /** @param command a program and its arguments, those of the command `worker` too */
  constructor(
    [program, args]: readonly [string, readonly string[]],
    supervision: Supervision,
    onReport: (report: WorkerReport) => void,
  ) {
    const since = performance.now();
    this.#child = spawn(program, args, {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: supervisedEnvironment(supervision),
    });
    this.#child.on("message", (report: WorkerReport) => {
      if (report.state === "ready") this.#isReady = true;
      onReport(report);
    });
    this.ended = new Promise((resolve) => {
      const end = (how: string, code: number | null): void => {
        this.#isOver = true;
        clearTimeout(this.#overdue);
        const uptime = performance.now() - since;
        resolve({ how, code, wasReady: this.#isReady, wasAsked: this.#wasAsked, uptime });
      };
      this.#child.once("error", (error) => end(error.message, null));
      this.#child.once("exit", (code, signal) => end(signal ?? `exit code ${code}`, code));
    });
  }

  /** Asks it to drain. One that goes on for longer than `patience` milliseconds is killed. */
  drain(patience: number): void {
    if (this.#isOver || this.#wasAsked) return;
    this.#wasAsked = true;
    const order: WorkerOrder = "drain";
    // It may be gone before it reads this; its end tells.
    if (this.#child.connected) this.#child.send(order, () => {});
    this.#overdue = setTimeout(() => this.kill(), Math.min(patience, MAX_TIMEOUT));
  }

  /** Ends it at once. */
  kill(): void {
    const { pid } = this.#child;
    if (this.#isOver || pid === undefined) return;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  }
}
