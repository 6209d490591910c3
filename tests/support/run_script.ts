import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The file of the command. */
export const cliMain: string = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** How the runtime of this test runs a TypeScript file of this repository. */
export function scriptCommand(file: string): [command: string, args: string[]] {
  const { bun, deno } = process.versions;
  if (deno) return [process.execPath, ["run", "-A", file]];
  if (bun) return [process.execPath, [file]];
  // Also where Node strips types by itself: only tsx knows that "bgtasks" is this repository.
  return [process.execPath, ["--import", "tsx", file]];
}

const stripTypes = fileURLToPath(new URL("../../bench/runtime/strip_types.mjs", import.meta.url));

/**
 * How it runs the command: without tsx, under which a process takes a second longer to start. Task modules that import "bgtasks"
 * need {@link scriptCommand}.
 */
export function cliCommand(): [command: string, args: string[]] {
  const { bun, deno } = process.versions;
  if (deno || bun) return scriptCommand(cliMain);
  return [process.execPath, ["--import", stripTypes, cliMain]];
}

/** What a script left. */
export interface ScriptResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a file in a process of its own until it ends by itself; kills it after `timeout` milliseconds. */
export async function runScript(
  file: string,
  {
    args = [],
    environment = {},
    timeout = 30_000,
  }: {
    readonly args?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly timeout?: number;
  } = {},
): Promise<ScriptResult> {
  const [command, before] = scriptCommand(file);
  const child = spawn(command, [...before, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const { pid } = child;
  const killer = setTimeout(() => pid !== undefined && process.kill(pid, "SIGKILL"), timeout);
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearTimeout(killer);
  return { exitCode, stdout, stderr };
}
