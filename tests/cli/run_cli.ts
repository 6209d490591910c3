import { spawn } from "node:child_process";
import process from "node:process";

import { cliCommand } from "../support/run_script.ts";
import type { ScriptResult } from "../support/run_script.ts";

/** Runs `bgtasks` in the runtime of this test until it ends, with `input` as its standard input. */
export async function runCLI(
  args: readonly string[],
  {
    environment = {},
    input = "",
  }: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly input?: string | Uint8Array;
  } = {},
): Promise<ScriptResult> {
  const [command, before] = cliCommand();
  const child = spawn(command, [...before, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // One that does not read its input ends first.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exitCode, stdout, stderr };
}
