// How long it takes to import the library, against importing its two dependencies: fresh processes, in turn.
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { inProject } from "../scripts/project.ts";
import { runCommand } from "../scripts/run_command.ts";
import { currentRuntime } from "../scripts/testing/runtime.ts";
import { median } from "./report/quartiles.ts";
import { cleanEnvironment } from "./runner/runtime_command.ts";

const GOAL = 1.3;
const ROUNDS = 15;

const runtime = currentRuntime();
const built = inProject("dist/mod.js");
// Only the build has no types left to strip, which Node would count.
if (!existsSync(built))
  throw new Error("Cannot measure the import as there is no build: npm run build");
const library = [pathToFileURL(built).href];
const dependencies = ["@cloudamqp/amqp-client", "valibot"];
const file = inProject("bench/host/time_import.mjs");

/** Milliseconds that one process takes to import these. */
async function timeImport(modules: readonly string[]): Promise<number> {
  const { code, output, stdout } = await runCommand(
    runtime.command,
    [...(runtime.kind === "deno" ? ["run", "-A", "--no-lock"] : []), file, ...modules],
    { env: cleanEnvironment() },
  );
  if (code !== 0) throw new Error(`Cannot import ${modules.join(" and ")}: ${output}`);
  return Number(stdout);
}

const ours: number[] = [];
const theirs: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  ours.push(await timeImport(library));
  theirs.push(await timeImport(dependencies));
}
const ratio = median(ours) / median(theirs);
console.log(
  `import of the library ${median(ours).toFixed(1)} ms, of its two dependencies ${median(theirs).toFixed(1)} ms: ` +
    `ratio ${ratio.toFixed(2)}, goal at most ${GOAL}`,
);
