import { spawn } from "node:child_process";
import process from "node:process";

import { cliCommand } from "./run_script.ts";
import { waitFor } from "./wait_for.ts";

/** `bgtasks` as a process of its own. */
export class CLI {
  stdout = "";
  stderr = "";
  exitCode: number | null | undefined;
  readonly pid: number;
  readonly #exited: Promise<void>;

  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    cwd: string = process.cwd(),
    [command, before]: readonly [command: string, args: readonly string[]] = cliCommand(),
  ) {
    const child = spawn(command, [...before, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
      cwd,
    });
    this.pid = child.pid ?? 0;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#exited = new Promise((resolve) => {
      child.once("close", (code) => {
        this.exitCode = code;
        resolve();
      });
    });
  }

  /** Everything it printed. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  async printed(pattern: RegExp): Promise<void> {
    const isOver = (): boolean => this.exitCode !== undefined;
    await waitFor(() => pattern.test(this.output) || isOver(), "output", 30_000).catch(() => {});
    if (!pattern.test(this.output))
      throw new Error(`${isOver() ? "ended" : "30 s"} without ${String(pattern)}:\n${this.output}`);
  }

  signal(signal: "SIGTERM" | "SIGINT"): void {
    process.kill(this.pid, signal);
  }

  async exited(): Promise<number | null> {
    await this.#exited;
    return this.exitCode ?? null;
  }
}
