import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

/**
 * Lets Node import TypeScript by the project's own tsx, if it has one: before 22.18 Node cannot do so by itself, and later
 * ones take neither enums nor imports that name a `.ts` file by `.js`. So an update of Node changes nothing. Without tsx,
 * what needs it fails with a message that says so.
 */
export async function loadTypeScriptLoader(): Promise<void> {
  const { bun, deno } = process.versions;
  if (bun !== undefined || deno !== undefined || hasLoader()) return;
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
