import process from "node:process";
import { fileURLToPath } from "node:url";

import { VERSION } from "../../version.ts";

/** Where Deno keeps packages that no project has a node_modules folder for. */
const DENO_CACHE = /\/npm\/[^/]+\/bgtasks\/\d[^/]*\/dist\//;

/**
 * How `bgtasks` is run once more, in the runtime of this process: a program and the arguments before the command's own.
 *
 * @param main where the program was loaded from
 */
export function ownCommand(
  main: string,
  { deno }: Readonly<Partial<Record<string, string>>> = process.versions,
): [program: string, args: string[]] {
  const path = main.startsWith("file:") ? fileURLToPath(main) : main;
  // Files of that cache can only be run as parts of their package.
  const script = deno !== undefined && DENO_CACHE.test(path) ? `npm:bgtasks@${VERSION}` : path;
  const before = deno === undefined ? process.execArgv : ["run", "-A"];
  return [process.execPath, [...before, script]];
}
