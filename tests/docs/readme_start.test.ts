import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";

import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { CLI } from "../support/cli.ts";
import { runScript } from "../support/run_script.ts";
import { readDocument, readSnippets, snippetFolder } from "./markdown_snippets.ts";

describe("the README's first five minutes", () => {
  it("print what the README says they do", needsBroker, async () => {
    const folder = snippetFolder();
    const expected = /^```text\n([^]*?)^```$/m.exec(readDocument("README.md"))?.[1];
    const environment = { AMQP_URL: brokerURL ?? "" };
    try {
      for (const { file, code } of readSnippets("README.md")) {
        if (file === undefined) continue;
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await writeFile(join(folder, file), code);
      }
      const args = ["worker", "--tasks", join(folder, "**/tasks.ts")];
      const worker = new CLI(args, environment);
      await worker.printed(/Ready\./);
      const { stdout, stderr } = await runScript(join(folder, "main.ts"), { environment });
      assert.equal(stdout, expected, stderr);
      worker.signal("SIGTERM");
      assert.equal(await worker.exited(), 0);
    } finally {
      await deleteQueue("images.byIds");
      await rm(folder, { recursive: true });
    }
  });
});
