import { spawn } from "node:child_process";
import { constants } from "node:os";

export interface CommandOptions {
  /** Folder to run in. @default the current one */
  readonly cwd?: string;
  /** The whole environment of the command. @default ours */
  readonly env?: NodeJS.ProcessEnv;
  /** Show the output while it runs instead of collecting it. @default false */
  readonly show?: boolean;
  /** How long it may run, in ms; then it is asked to stop and 5 s later killed. @default no limit */
  readonly timeout?: number;
}

export interface CommandResult {
  /** Exit code; 128 + n after signal n, 127 when the command could not be started. */
  readonly code: number;
  /** What it wrote to stdout and stderr; empty with `show`. */
  readonly output: string;
  /** What it wrote to stdout alone; empty with `show`. */
  readonly stdout: string;
}

const running = new Set<number>();

/** Runs a command to its end; never rejects. */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env = process.env, show = false, timeout }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    let output = "";
    let stdout = "";
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env,
      stdio: show ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    });
    const { pid } = child;
    const timers: NodeJS.Timeout[] = [];
    if (pid !== undefined) {
      running.add(pid);
      if (timeout !== undefined) {
        timers.push(setTimeout(() => signalProcess(pid, "SIGTERM"), timeout));
        timers.push(setTimeout(() => signalProcess(pid, "SIGKILL"), timeout + 5_000));
      }
    }
    const settle = (result: CommandResult): void => {
      for (const timer of timers) clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      resolve(result);
    };
    child.stdout?.on("data", (chunk: Uint8Array) => {
      output += String(chunk);
      stdout += String(chunk);
    });
    child.stderr?.on("data", (chunk: Uint8Array) => {
      output += String(chunk);
    });
    child.on("error", (error) => settle({ code: 127, output: error.message, stdout: "" }));
    child.on("close", (code, signal) => {
      settle({ code: code ?? 128 + (constants.signals[signal ?? "SIGTERM"] ?? 0), output, stdout });
    });
  });
}

/** Asks every command still running to stop. */
export function stopCommands(): void {
  for (const pid of running) signalProcess(pid, "SIGTERM");
}

/** Signals a process by id; one that is gone already is fine. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
