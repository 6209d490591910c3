import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The file of the command. */
const cliMain: string = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

const beside = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const stripTypes = beside("../../bench/runtime/strip_types.mjs");
const builtLibrary = beside("built_library.mjs");

/** Where the run of the tests has built the library and its command; undefined where a file is run by itself. */
const build = process.env["BGTASKS_TEST_BUILD"];

/**
 * How the runtime of this test runs a TypeScript file of this repository. On Node with the library as it was built for this run: a
 * process starts in a quarter of the time that it takes from the sources.
 */
export function scriptCommand(file: string): [command: string, args: string[]] {
  const { bun, deno } = process.versions;
  if (deno) return [process.execPath, ["run", "-A", file]];
  if (bun) return [process.execPath, [file]];
  // Not without tsx, also where Node strips types by itself: "bgtasks" is this repository.
  const loaders = build === undefined ? ["tsx"] : [stripTypes, builtLibrary];
  return [process.execPath, [...loaders.flatMap((loader) => ["--import", loader]), file]];
}

/** How it runs the command. */
export function cliCommand(): [command: string, args: string[]] {
  const isBuilt = build !== undefined && !process.versions["deno"] && !process.versions["bun"];
  return scriptCommand(isBuilt ? join(build, "src/cli/main.js") : cliMain);
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
