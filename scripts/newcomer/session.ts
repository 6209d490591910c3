import { spawn } from "node:child_process";

import { onInterrupt } from "../cleanup.ts";
import { signalProcess } from "../run_command.ts";

/** One command of a session, and what came of it. */
export interface SessionStep {
  readonly command: string;
  readonly seconds: number;
  readonly output: string;
}

/** How long a command may take, in milliseconds. */
const PATIENCE = 180_000;

/** Somebody at a terminal, who types commands into a shell. */
export class Session {
  /** Where the next command is run. */
  folder: string;
  readonly steps: SessionStep[] = [];
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#env = env;
  }

  /** Runs a command to its end; rejects when it fails or does not print what it should. */
  async run(command: string, expected: RegExp): Promise<void> {
    const since = performance.now();
    const running = new RunningCommand(command, this.folder, this.#env);
    const code = await running.ended();
    if (code !== 0) throw new Error(`${command} (exit code ${code})\n${running.output}`);
    if (!expected.test(running.output))
      throw new Error(`${command} did not print ${String(expected)}:\n${running.output}`);
    this.#add(command, since, running.output);
  }

  /** Starts a command that goes on; resolves when it has printed what it should. */
  async start(command: string, expected: RegExp): Promise<RunningCommand> {
    const since = performance.now();
    const running = new RunningCommand(command, this.folder, this.#env);
    await running.printed(expected);
    this.#add(command, since, running.output);
    return running;
  }

  #add(command: string, since: number, output: string): void {
    this.steps.push({ command, seconds: (performance.now() - since) / 1_000, output });
  }
}

/** A command that runs, with everything it has started: what a terminal calls its foreground. */
class RunningCommand {
  output = "";
  readonly #command: string;
  readonly #pid: number;
  readonly #ended: Promise<number>;
  #onOutput: () => void = () => {};
  #isOver = false;

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.#command = command;
    const child = spawn("sh", ["-c", command], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, to be interrupted as a whole.
      detached: true,
    });
    this.#pid = child.pid ?? 0;
    const forget = onInterrupt(async () => this.interrupt());
    const overdue = setTimeout(() => signalProcess(-this.#pid, "SIGKILL"), PATIENCE);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#onOutput();
      });
    }
    this.#ended = new Promise((resolve) => {
      child.once("close", (code) => {
        clearTimeout(overdue);
        forget();
        this.#isOver = true;
        this.#onOutput();
        resolve(code ?? 1);
      });
    });
  }

  /** Its exit code, once it has ended. */
  ended(): Promise<number> {
    return this.#ended;
  }

  /** Waits until it has printed something; rejects when it ends without. */
  async printed(expected: RegExp): Promise<void> {
    while (!expected.test(this.output)) {
      if (this.#isOver)
        throw new Error(`${this.#command} ended without ${String(expected)}:\n${this.output}`);
      await new Promise<void>((resolve) => (this.#onOutput = resolve));
    }
  }

  /** Ctrl-C. */
  interrupt(): void {
    if (!this.#isOver) signalProcess(-this.#pid, "SIGINT");
  }
}
