import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";

import { runScript } from "../support/run_script.ts";
import { documents, readPrograms, snippetFolder } from "./markdown_snippets.ts";

describe("the documents", () => {
  for (const path of documents()) {
    for (const { line, code } of readPrograms(path)) {
      it(`${path}:${line} runs`, async () => {
        const folder = snippetFolder();
        await mkdir(folder, { recursive: true });
        try {
          // A program that ends by an error, or never, is one that a reader cannot use.
          await writeFile(`${folder}snippet.ts`, code);
          const { exitCode, stderr } = await runScript(`${folder}snippet.ts`, { timeout: 20_000 });
          assert.equal(exitCode, 0, stderr);
        } finally {
          await rm(folder, { recursive: true });
        }
      });
    }
  }
});
