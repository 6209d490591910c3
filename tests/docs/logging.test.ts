import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";

import { runScript } from "../support/run_script.ts";
import { readPrograms, snippetFolder } from "./markdown_snippets.ts";

describe("docs/logging.md", () => {
  it("has a sink for pino that tells an exception with its stack", async () => {
    const program = readPrograms("docs/logging.md").find(({ code }) => code.includes('"pino"'));
    const folder = snippetFolder();
    await mkdir(folder, { recursive: true });
    try {
      const failure = `
import { configure, RPCClient, rpcTasks } from "bgtasks";
configure({ environment: "test" });
rpcTasks("images.resize", () => { throw new TypeError("the disk is full"); });
await using client = new RPCClient();
await client.call("images.resize").catch(() => {});`;
      await writeFile(`${folder}pino.ts`, `${program?.code}${failure}`);
      const { stdout, stderr } = await runScript(`${folder}pino.ts`);
      const records = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const record = records.find(({ err }) => err !== undefined);
      assert.ok(record, stderr);
      assert.equal(record.level, 50);
      assert.equal(record.err.type, "TypeError");
      assert.match(record.err.stack, /pino\.ts/);
      assert.equal(record.route, "images.resize");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
