import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { runCommand } from "../../scripts/run_command.ts";
import { readSnippets, snippetFolder } from "./markdown_snippets.ts";

const { bun, deno } = process.versions;

const root = fileURLToPath(new URL("../..", import.meta.url));
const VITEST = join(root, "node_modules/vitest/vitest.mjs");
/** The documented configuration, with the way to this repository, which a project finds in its node_modules. */
const ALIASED = `
  import { mergeConfig } from "vitest/config";
  import documented from "./vitest.config.ts";
  export default mergeConfig(documented, {
    resolve: { alias: { bgtasks: ${JSON.stringify(join(root, "mod.ts"))} } },
    test: { include: ["*.vitest.test.ts"] },
  });
`;

describe("the recipes of docs/testing.md", () => {
  it("node:test's runs on this runtime", () => runRecipe("greet.node.test.ts", 3));

  it("Deno's runs", { skip: deno ? false : "is for Deno" }, () =>
    runRecipe("greet.deno.test.ts", 2),
  );

  it("Bun's runs", { skip: bun ? false : "is for Bun" }, () => runRecipe("greet.bun.test.ts", 2));

  it("vitest's runs on Node", { skip: bun || deno ? "is for Node" : false }, () =>
    runRecipe("greet.vitest.test.ts", 2),
  );
});

/** Runs one of the documented test files as its users do, and counts the tests that passed. */
async function runRecipe(name: string, tests: number): Promise<void> {
  const folder = snippetFolder();
  try {
    for (const { file, code } of readSnippets("docs/testing.md")) {
      if (file === undefined) continue;
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), code);
    }
    await writeFile(join(folder, "vitest.alias.config.ts"), ALIASED);
    // vitest's configuration says itself that this is a test.
    const mode = name.includes("vitest") ? {} : { ENVIRONMENT: "test" };
    const environment = { ...process.env, ...mode, NO_COLOR: "1" };
    // Else Node's runner takes the one within it for a part of itself.
    const { NODE_TEST_CONTEXT: _outer, ...env } = environment as Record<string, string>;
    const { code, output } = await runCommand(process.execPath, runner(join(folder, name)), {
      env,
    });
    assert.equal(code, 0, output);
    const passed = /# pass (\d+)|\| (\d+) passed|^ *(\d+) pass$|Tests +(\d+) passed/m
      .exec(output)
      ?.slice(1)
      .join("");
    assert.equal(passed, String(tests), output);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function runner(file: string): string[] {
  if (file.includes("vitest")) {
    const folder = dirname(file);
    return [VITEST, "run", "--root", folder, "--config", join(folder, "vitest.alias.config.ts")];
  }
  // Types are the compiler's part, in snippet_types.test.ts.
  if (deno) return ["test", "--no-check", "--allow-env", file];
  if (bun) return ["test", file];
  return ["--import", "tsx", "--test", "--test-reporter=tap", file];
}
