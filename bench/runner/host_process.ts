import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { signalProcess } from "../../scripts/run_command.ts";
import type { Runtime } from "../../scripts/testing/runtime.ts";
import { type Answer, type Command, MARK } from "../host/protocol.ts";
import type { JobCommand } from "../jobs/protocol.ts";
import { cleanEnvironment, runArguments } from "./runtime_command.ts";

const ownHost = fileURLToPath(new URL("../host/host.ts", import.meta.url));

/** A process that hosts a client, a worker or both, as seen by the runner. */
export class HostProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #onAnswer: ((answer: Answer) => void) | undefined;
  #errors = "";

  /**
   * @param flags what the runtime is started with beside its usual arguments
   * @param host the program, when it is not this checkout's
   */
  constructor(runtime: Runtime, flags: readonly string[] = [], host: string = ownHost) {
    const child = spawn(runtime.command, [...flags, ...runArguments(runtime, host)], {
      env: cleanEnvironment(),
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    child.stderr.on("data", (chunk: Uint8Array) => {
      this.#errors = `${this.#errors}${String(chunk)}`.slice(-4_000);
    });
    // Written to a process that has ended; its end is what is reported.
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith(MARK)) this.#settle(JSON.parse(line.slice(MARK.length)) as Answer);
    });
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#settle({ error: `the process ended. ${this.#errors}` });
        resolve();
      };
      child.on("error", end);
      child.on("close", end);
    });
  }

  /** Sends a command and waits for its answer. */
  async ask<Result>(command: Command | JobCommand, timeout = 60_000): Promise<Result> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const answer = await new Promise<Answer>((resolve) => {
      this.#onAnswer = resolve;
      timer = setTimeout(() => {
        this.#onAnswer = undefined;
        resolve({ error: `no answer to "${command.do}" within ${timeout} ms. ${this.#errors}` });
      }, timeout);
      if (this.#child.exitCode !== null)
        this.#settle({ error: `the process ended. ${this.#errors}` });
      else this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    });
    clearTimeout(timer);
    if ("error" in answer) throw new Error(answer.error);
    return answer.result as Result;
  }

  /** Closes what it has open, if it can within a while, and ends it. */
  async end(): Promise<void> {
    await this.ask({ do: "close" }, 3_000).catch(() => {});
    await this.kill();
  }

  /** Closes what it has open and lets it end by itself, so that it can write what it has collected. */
  async leave(): Promise<void> {
    await this.ask({ do: "close" });
    this.#child.stdin?.end();
    await this.#ended;
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.#child.pid !== undefined && this.#child.exitCode === null)
      signalProcess(this.#child.pid, "SIGKILL");
    await this.#ended;
  }

  #settle(answer: Answer): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(answer);
  }
}
