import process from "node:process";
import { fileURLToPath } from "node:url";

import { VERSION } from "../../version.ts";

/** Where Deno keeps packages that no project has a node_modules folder for. */
const DENO_CACHE = /\/npm\/[^/]+\/bgtasks\/\d[^/]*\/dist\//;

/** How `bgtasks` is run once more, in the runtime of this process: a program and the arguments before the command's own. */
export function ownCommand(
  from: string = import.meta.url,
  { deno }: Readonly<Partial<Record<string, string>>> = process.versions,
): [program: string, args: string[]] {
  const main = new URL(from.endsWith(".ts") ? "../main.ts" : "../main.js", from);
  const path = main.protocol === "file:" ? fileURLToPath(main) : main.href;
  // Files of that cache can only be run as parts of their package.
  const script = deno !== undefined && DENO_CACHE.test(path) ? `npm:bgtasks@${VERSION}` : path;
  const before = deno === undefined ? process.execArgv : ["run", "-A"];
  return [process.execPath, [...before, script]];
}
