import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { runCommand } from "../../scripts/run_command.ts";
import { readDocument } from "../docs/markdown_snippets.ts";
import { TaskFolder } from "./task_folder.ts";

const { bun, deno } = process.versions;

describe("the command with a .env", { skip: bun || deno ? "is Node's way" : false }, () => {
  let folder: TaskFolder;
  before(async () => void (folder = await TaskFolder.create()));
  after(() => folder[Symbol.asyncDispose]());

  it("reads it as docs/projects.md says", async () => {
    assert.ok(
      readDocument("docs/projects.md").includes(
        "node --env-file=.env node_modules/.bin/bgtasks worker",
      ),
    );
    const file = join(folder.path, ".env");
    await writeFile(file, "ENVIRONMENT=test\n");
    const tasks = await folder.write("tasks.mjs", 'rpcTasks("echo", (input) => input);');
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const { ENVIRONMENT: _none, ...env } = process.env;
    const args = [`--env-file=${file}`, "--import", "tsx", main, "call", "echo", "7"];
    const { code, stdout, output } = await runCommand(
      process.execPath,
      [...args, "--tasks", tasks],
      { env },
    );
    assert.equal(code, 0, output);
    assert.equal(stdout, "7\n");
  });
});
