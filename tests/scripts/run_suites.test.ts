import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { inRounds } from "../../scripts/testing/run_suites.ts";
import type { Runtime } from "../../scripts/testing/runtime.ts";
import { filesForAnotherNode } from "../../scripts/testing/test_files.ts";

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

  it("leaves out on one more Node what does not depend on its version, unless nothing else is asked for", () => {
    const [log, links] = ["tests/log.test.ts", "tests/docs/links.test.ts"];
    assert.deepEqual(filesForAnotherNode([log, links]), [log]);
    assert.deepEqual(filesForAnotherNode([links]), [links]);
  });
});
