import { spawn } from "node:child_process";
import { join } from "node:path";
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

const beside = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const stripTypes = beside("../../bench/runtime/strip_types.mjs");
const builtLibrary = beside("built_library.mjs");

/**
 * How it runs the command: on Node the one that the run of tests has built, which starts in a quarter of the time, or else its sources.
 * Task modules may import the library's sources or "bgtasks", they get what the command has.
 */
export function cliCommand(): [command: string, args: string[]] {
  const { bun, deno } = process.versions;
  const folder = process.env["BGTASKS_TEST_BUILD"];
  if (deno || bun || folder === undefined) return scriptCommand(cliMain);
  const main = join(folder, "src/cli/main.js");
  return [process.execPath, ["--import", stripTypes, "--import", builtLibrary, main]];
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
