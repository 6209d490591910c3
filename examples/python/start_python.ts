import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Starts a Python service and waits until it says that it is ready. */
export async function startPython(script: URL): Promise<{ stop(): Promise<void> }> {
  const child = spawn(process.env["PYTHON"] ?? "python3", [fileURLToPath(script)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => resolve());
  });
  const ready = new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk: Uint8Array) => {
      if (new TextDecoder().decode(chunk).includes("Ready.")) resolve();
    });
  });
  const failed = ended.then(() => {
    throw new Error("the Python service ended before it was ready: has this Python pika?");
  });
  await Promise.race([ready, failed]);
  failed.catch(() => {}); // From here on its end is what we ask for.
  process.once("exit", () => child.kill()); // Also when we fail.
  return {
    async stop() {
      if (child.pid !== undefined) process.kill(child.pid, "SIGINT");
      await ended;
    },
  };
}
