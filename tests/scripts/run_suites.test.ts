import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { inRounds } from "../../scripts/testing/run_suites.ts";
import type { Runtime } from "../../scripts/testing/runtime.ts";

const runtime = (command: string): Runtime => ({
  kind: command.replace(/\d+$/, "") as Runtime["kind"],
  command,
});

describe("the suite on several runtimes", () => {
  for (const [commands, most, rounds] of [
    [["node20"], 3, [["node20"]]],
    [["node26", "deno", "bun"], 3, [["node26", "deno", "bun"]]],
    [["deno", "bun"], 1, [["deno"], ["bun"]]],
    [["node20", "node26", "deno", "bun"], 3, [["node20", "node26", "deno"], ["bun"]]],
  ] as const) {
    it(`runs ${commands.join(", ")} at most ${most} at a time`, () => {
      const found = inRounds(commands.map(runtime), most);
      assert.deepEqual(
        found.map((round) => round.map(({ command }) => command)),
        rounds,
      );
    });
  }
});
