import { spawn } from "node:child_process";
import process from "node:process";

import { findRuntime } from "../../scripts/testing/runtime.ts";
import type { Runtime } from "../../scripts/testing/runtime.ts";

/** Runs a script of ours in the runtime of this name, shows what it prints, and gives its exit code. */
export async function runInAnother(
  name: string,
  script: string,
  args: readonly string[],
): Promise<number> {
  const { kind, command } = await findRuntime(name);
  const child = spawn(command, [...before(kind), script, ...withoutRuntime(args)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  // A terminal's signal has reached the child as well, which stops what it has started.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => void child.kill(signal));
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

function before(kind: Runtime["kind"]): string[] {
  if (kind === "node") return ["--expose-gc", "--import", "tsx"];
  if (kind === "deno") return ["run", "-A", "--no-check", "--v8-flags=--expose-gc"];
  return [];
}

function withoutRuntime(args: readonly string[]): string[] {
  return args.filter(
    (argument, at) =>
      argument !== "--runtime" &&
      args[at - 1] !== "--runtime" &&
      !argument.startsWith("--runtime="),
  );
}
