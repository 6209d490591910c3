// `npm run bench -- client FOLDER [payload…]`: the CPU time that a call takes of its sender, in this checkout and in another one.
// Each process has a broker of its own in it that echoes, so that nothing else has a part in it, and takes its quickest of
// twelve looks: whatever the machine does besides only adds to one.
import { resolve } from "node:path";

import { inProject } from "../scripts/project.ts";
import { runCommand } from "../scripts/run_command.ts";
import { currentRuntime } from "../scripts/testing/runtime.ts";
import { payloads } from "./payloads.ts";
import { quartiles } from "./report/quartiles.ts";
import { cleanEnvironment, runArguments } from "./runner/runtime_command.ts";

const ROUNDS = 9;

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) throw new Error("Cannot compare without the folder of another checkout");
const [own, other] = [inProject("mod.ts"), resolve(folder, "mod.ts")];
const runtime = currentRuntime();

/** Microseconds for a call, the broker's part included. */
async function measure(module: string, payload: string): Promise<number> {
  const args = [...runArguments(runtime, inProject("bench/host/client_cpu.ts")), module, payload];
  const { code, output, stdout } = await runCommand(runtime.command, args, {
    env: cleanEnvironment(),
  });
  if (code !== 0) throw new Error(`Cannot measure the client of ${module}: ${output}`);
  return Number(stdout);
}

for (const { id, title } of payloads) {
  if (names.length > 0 && !names.includes(id)) continue;
  const [mine, theirs, ratios]: number[][] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const [first, second] = [await measure(own, id), await measure(other, id)];
    mine?.push(first);
    theirs?.push(second);
    ratios?.push(first / second);
  }
  const { median, low, high } = quartiles(ratios ?? []);
  const times = [mine, theirs].map((list) => quartiles(list ?? []).median.toFixed(1));
  console.log(
    `${title}: ${times.join(" and ")} µs of CPU, ${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) of the other's`,
  );
}
