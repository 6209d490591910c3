import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { runScript } from "../support/run_script.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** Where commands of this repository are quoted; these of the starter's own project are not among them. */
const quoting = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ".ci/run", "deno.json", "bunfig.toml"],
  ...["bench", "docs", "examples", "scripts", "tests"].flatMap(filesBelow),
].filter((file) => !["docs/first-ten-minutes.md", "docs/command.md"].includes(file));

const dispatchers = { check: "scripts/check.ts", bench: "bench/main.ts" } as const;

interface Quote {
  readonly file: string;
  readonly script: string;
  /** What follows, behind the `--`. */
  readonly argument: string | undefined;
}

const quotes: readonly Quote[] = quoting.flatMap((file) =>
  [
    ...read(file).matchAll(
      /npm run (?:--silent )?(?<script>[a-z][\w:]*)(?: -- (?<argument>[a-z][\w-]*))?/g,
    ),
  ].map(({ groups }) => ({
    file,
    script: groups?.["script"] ?? "",
    argument: groups?.["argument"],
  })),
);

describe("the commands that are quoted", () => {
  it("are scripts of package.json", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    assert.ok(quotes.length > 40, String(quotes.length));
    assert.deepEqual(
      quotes.filter(({ script }) => !Object.hasOwn(scripts, script)),
      [],
    );
  });

  for (const [script, file] of Object.entries(dispatchers)) {
    it(`name parts that npm run ${script} has`, async () => {
      const { exitCode, stderr } = await runScript(join(root, file), { args: ["nothing"] });
      assert.equal(exitCode, 2, stderr);
      const parts = [...stderr.matchAll(/^ {2}(\S+) +\S/gm)].map(([, name]) => name);
      const named = quotes.filter((quote) => quote.script === script && quote.argument);
      assert.ok(named.length > 1, `${named.length} quotes`);
      assert.deepEqual(
        named.filter(({ argument }) => !parts.includes(argument)),
        [],
      );
    });
  }
});

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file).replaceAll("\\", "/"))
    .filter((file) => /\.(?:md|ts|mjs)$/.test(file) && !file.includes("node_modules/"))
    .filter((file) => !file.startsWith("docs/api/") && file !== "tests/scripts/commands.test.ts");
}
