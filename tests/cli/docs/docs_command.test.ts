import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { runCLI } from "../run_cli.ts";
import { TaskFolder } from "../task_folder.ts";

describe("bgtasks docs", () => {
  let folder: TaskFolder;
  let tasks = "";

  before(async () => {
    folder = await TaskFolder.create();
    tasks = await folder.write(
      "tasks.mjs",
      `rpcTasks("users.add", { input: v.object({ name: v.string() }), output: z.number(), description: "Adds a <user>." }, () => 1);
       jobTasks("mails.send", { input: v.object({ to: v.string() }), retry: { attempts: 3 } }, () => {});
       setInterval(() => {}, 1_000);`,
    );
  });
  after(() => folder[Symbol.asyncDispose]());

  it("prints an AsyncAPI document of this project", async () => {
    const { exitCode, stdout, stderr } = await runCLI(["docs", "--tasks", tasks]);
    const { asyncapi, info, operations } = JSON.parse(stdout) as Record<string, object>;
    assert.equal(asyncapi, "3.0.0");
    // The working directory is this repository.
    assert.equal((info as { title: string }).title, "bgtasks");
    assert.match((info as { description: string }).description, /^Typed remote calls/);
    assert.deepEqual(Object.keys(operations ?? {}), ["users.add", "bgtasks.job.mails.send"]);
    assert.match(JSON.stringify(operations), /"summary":"Adds a <user>\."/);
    assert.deepEqual([exitCode, stderr], [0, ""]);
  });

  it("writes a page to a file, by its name", async () => {
    const out = join(folder.path, "tasks.html");
    const { exitCode, stdout, stderr } = await runCLI(["docs", "--tasks", tasks, "--out", out]);
    const page = await readFile(out, "utf8");
    assert.match(page, /^<!doctype html>[^]*<code>\{ name: string \}<\/code>[^]*<\/html>\n$/);
    assert.match(page, /<p>Typed remote calls[^]*<p>Adds a &lt;user&gt;\.<\/p>/);
    assert.match(page, /<dt>Attempts<\/dt><dd>3, the second after 1000 ms/);
    assert.match(page, /bgtasks jobs send mails\.send/);
    assert.match(stderr, /^1 task and 1 job described in .*tasks\.html\n$/);
    assert.deepEqual([exitCode, stdout], [0, ""]);
  });

  it("says why it cannot write, which format there is none of, and that there are no tasks", async () => {
    const [nowhere, format, none] = await Promise.all([
      runCLI(["docs", "--tasks", tasks, "--out", join(folder.path, "none/x.json")]),
      runCLI(["docs", "--format", "yaml"]),
      runCLI(["docs", "--tasks", join(folder.path, "none/*.ts")]),
    ]);
    assert.match(nowhere.stderr, /Cannot write .*x\.json: /);
    assert.match(format.stderr, /Allowed choices are json, html/);
    assert.match(none.stderr, /Cannot describe tasks without tasks: no file matches/);
    assert.deepEqual([nowhere.exitCode, format.exitCode, none.exitCode], [1, 2, 1]);
  });

  it("writes no file whose name says something else", async () => {
    const out = join(folder.path, "tasks.pdf");
    const { exitCode, stderr } = await runCLI(["docs", "--tasks", tasks, "--out", out]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /tasks\.pdf as its name must end in \.json or \.html, or --format/);
  });
});
