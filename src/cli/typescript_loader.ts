import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

/**
 * Lets a Node that cannot import TypeScript (before 22.18) do so by the project's own tsx, if it has one. Without, what
 * needs it fails with a message that says so.
 */
export async function loadTypeScriptLoader(): Promise<void> {
  const { bun, deno } = process.versions;
  const { typescript } = process.features as { readonly typescript?: unknown };
  if (bun !== undefined || deno !== undefined || typescript || hasLoader()) return;
  const require = createRequire(join(process.cwd(), "package.json"));
  let path: string;
  try {
    path = require.resolve("tsx");
  } catch {
    return;
  }
  // Registers itself, as with `node --import tsx`.
  await import(pathToFileURL(path).href);
}

/** Whether whoever started this process chose a loader. */
function hasLoader(): boolean {
  const given = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].join(" ");
  return /--(?:import|loader|experimental-loader|require)\b|(?:^| )-r\b/.test(given);
}
