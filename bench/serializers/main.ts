// `npm run bench -- serializers [node|deno|bun…]`: what a serializer costs beside DataLoader and a bare Map, on each runtime.
import { fileURLToPath } from "node:url";

import { runCommand } from "../../scripts/run_command.ts";
import { ensureTool } from "../../scripts/tools/tools.ts";
import type { Measured } from "./measure.ts";

const measure = fileURLToPath(new URL("measure.ts", import.meta.url));
const wanted = process.argv.slice(2);
const columns: Record<string, Measured> = {};

for (const [name, command] of Object.entries({
  node: async () => [process.execPath, "--import", "tsx", measure],
  deno: async () => [await ensureTool("deno"), "run", "--allow-all", "--no-check", measure],
  bun: async () => [await ensureTool("bun"), measure],
})) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const [program = "", ...args] = await command();
  const { code, stdout, output } = await runCommand(program, args);
  if (code !== 0) throw new Error(`Cannot measure on ${name}: ${output}`);
  columns[name] = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Measured;
}

show(
  "100,000 rows with 250 ids, time over a bare Map's",
  (run) => run.joins,
  (ratio) => `${ratio.toFixed(1)} ×`,
);
show(
  "100,000 rows with as many ids, time over a bare Map's",
  (run) => run.distinctJoins,
  (ratio) => `${ratio.toFixed(1)} ×`,
);
show(
  "cost of a row among 100,000 over one among 1,000",
  (run) => run.flat,
  (ratio) => `${ratio.toFixed(2)} ×`,
);
show(
  "rows of other shapes",
  (run) => run.shapes,
  (ratio) => `${ratio.toFixed(2)} ×`,
);
show(
  "a call with a single row",
  ({ oneRow }) => ({ microseconds: oneRow }),
  (time) => time.toFixed(1),
);
show(
  "a stream of 1,000,000 rows with as many ids, calls over the loopback",
  ({ stream }) => ({ "memory grown (MB)": stream.grownMB, "rows/s": stream.rowsPerSecond }),
  (value) => Math.round(value).toLocaleString("en"),
);

function show(
  title: string,
  pick: (run: Measured) => Readonly<Record<string, number>>,
  format: (value: number) => string,
): void {
  const rows: Record<string, Record<string, string>> = {};
  for (const [runtime, run] of Object.entries(columns)) {
    for (const [subject, value] of Object.entries(pick(run))) {
      (rows[subject] ??= {})[runtime] = format(value);
    }
  }
  console.log(`\n${title}`);
  console.table(rows);
}
