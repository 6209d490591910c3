import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

/**
 * Starts what `bgtasks worker --tasks FILE` starts, in the runtime of this process, and waits until it serves. Whoever has
 * two terminals types that into one of them; the examples do it
 * here, so that one command runs all of each.
 */
export async function startWorker(tasks: URL): Promise<{ stop(): Promise<void> }> {
  const worker = spawn(
    process.execPath,
    [...runtimeArguments(), command, "worker", "--tasks", fileURLToPath(tasks)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const ready = new Promise<void>((resolve) => {
    let output = "";
    worker.stdout.on("data", (chunk: Uint8Array) => {
      output += new TextDecoder().decode(chunk);
      if (output.includes("Ready.")) resolve();
    });
  });
  const failed = exited.then(() => {
    throw new Error(`the worker of ${fileURLToPath(tasks)} ended before it was ready`);
  });
  await Promise.race([ready, failed]);
  failed.catch(() => {}); // From here on its end is what we ask for.
  process.once("exit", () => worker.kill()); // Also when we fail.
  return {
    async stop() {
      if (worker.pid !== undefined) process.kill(worker.pid, "SIGTERM");
      await exited;
    },
  };
}

function runtimeArguments(): string[] {
  if (process.versions["deno"]) return ["run", "-A"];
  return process.versions["bun"] ? [] : ["--import", "tsx"];
}
