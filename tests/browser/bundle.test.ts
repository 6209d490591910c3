import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { runCommand } from "../../scripts/run_command.ts";

const { bun, deno } = process.versions;

const PAGE = `
  import { registerTasks, RPCClient, rpcTasks, Worker } from "./mod.ts";
  const settings = { environment: "production" };
  const client = new RPCClient({ settings });
  const tell = ({ code, message }) => console.log(code, message);
  await client.call("users.name", 7).catch(tell);
  await client.call("users.name", 8).catch(tell);
  await client.close();
  rpcTasks("users.name", () => "Tom");
  await new Worker({ settings }).start().catch(tell);
  await registerTasks().catch(tell);
  await registerTasks("tasks.ts").catch(tell);
`;

describe("a bundle for browsers", () => {
  const skip = bun || deno ? "is the same whatever made it" : false;

  it(
    "refuses calls, workers and the search for files at once, and says why",
    { skip },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "bgtasks-bundle-"));
      try {
        const resolveDir = fileURLToPath(new URL("../..", import.meta.url));
        const { outputFiles } = await build({
          stdin: { contents: PAGE, resolveDir },
          bundle: true,
          platform: "browser",
          format: "esm",
          write: false,
        });
        const file = join(folder, "page.mjs");
        await writeFile(file, outputFiles[0]?.contents ?? "");
        const { code, output } = await runCommand(process.execPath, [file]);
        assert.equal(code, 0, output);
        const refused =
          /^connection_refused Cannot reach a broker as this is a bundle for browsers/;
        const lines = output.trim().split("\n");
        assert.equal(lines.length, 5, output);
        for (const line of lines.slice(0, 3)) assert.match(line, refused);
        for (const line of lines.slice(3))
          assert.match(line, /^no_files Cannot register tasks by their files as this is a bundle/);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );
});
