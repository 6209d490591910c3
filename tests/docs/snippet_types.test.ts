import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { runCommand } from "../../scripts/run_command.ts";
import { onceOnNode } from "../support/once_on_node.ts";
import { documents, readPrograms, readSnippets, snippetFolder } from "./markdown_snippets.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the documents", () => {
  it("hold code that a strict compiler takes", onceOnNode, async () => {
    const folder = snippetFolder();
    const write = async (path: string, text: string): Promise<void> => {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    };
    try {
      for (const path of documents()) {
        for (const { file, code } of readSnippets(path))
          if (file !== undefined) await write(`${path}/${file}`, code);
        for (const { line, code } of readPrograms(path))
          await write(`${path}/line_${line}.ts`, code);
      }
      const options = {
        extends: join(root, "tsconfig.json"),
        // What vitest declares is not for us to check.
        compilerOptions: {
          skipLibCheck: true,
          paths: {
            bgtasks: [join(root, "mod.ts")],
            "bgtasks/async-context": [join(root, "src/async_context/async_context.ts")],
          },
        },
        include: ["."],
        // The names of their runtimes are not declared here. They are run.
        exclude: ["**/*.deno.test.ts", "**/*.bun.test.ts", "**/*.jest.test.ts"],
      };
      await write("tsconfig.json", JSON.stringify(options));
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const { code, output } = await runCommand(process.execPath, [tsc, "--pretty", "false"], {
        cwd: folder,
      });
      assert.equal(code, 0, output);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
