import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Runs a page in a headless Chromium and gives back what it then looks like, as HTML; undefined when there is none. */
export async function runPage(file: string, chromium: string): Promise<string | undefined> {
  const profile = await mkdtemp(join(tmpdir(), "bgtasks-browser-"));
  // No sandbox, as there is none for root and in most containers; the page is our own. The time is the page's, not the clock's:
  // Chromium ends as soon as the page has nothing more to do.
  const args = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`];
  const child = spawn(
    chromium,
    [...args, "--virtual-time-budget=10000", "--dump-dom", pathToFileURL(file).href],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  let html = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (html += text));
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) =>
        error.code === "ENOENT" ? resolve(undefined) : reject(error),
      );
      child.once("close", (code) =>
        code === 0 ? resolve(html) : reject(new Error(`${chromium} ended with ${code}`)),
      );
    });
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
