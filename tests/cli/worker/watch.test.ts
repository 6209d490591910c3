import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";

import { RPCClient } from "../../../mod.ts";
import { snippetFolder } from "../../docs/markdown_snippets.ts";
import { brokerURL, deleteQueue, needsBroker } from "../../support/broker.ts";
import { CLI } from "../../support/cli.ts";

describe("bgtasks worker --watch", needsBroker, () => {
  const folder = snippetFolder();
  const library = new URL("../../../mod.ts", import.meta.url).href;
  const [route, other] = [`cli.${crypto.randomUUID()}`, `cli.${crypto.randomUUID()}`];
  const environment = { AMQP_URL: brokerURL ?? "" };

  async function write(name: string, code: string): Promise<void> {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), `import { rpcTasks } from "${library}";\n${code}\n`);
  }

  const started: CLI[] = [];
  function watch(): CLI {
    const cli = new CLI(["worker", "--watch"], environment, folder);
    started.push(cli);
    return cli;
  }

  before(() => mkdir(folder, { recursive: true }));
  after(async () => {
    for (const cli of started) {
      if (cli.exitCode === undefined) cli.signal("SIGTERM");
      await cli.exited();
    }
    await rm(folder, { recursive: true });
    for (const name of [route, other]) await deleteQueue(name);
  });

  it("serves what is written while it runs, and what can be imported when another module cannot", async () => {
    await write("answer.ts", "export const answer = 1;");
    const task = `import { answer } from "../answer.ts";\nrpcTasks("${route}", () => answer);`;
    await write("a/tasks.ts", task);
    await using client = new RPCClient({ settings: { url: brokerURL, environment: "" } });
    const cli = watch();
    await cli.printed(/tasks +1\n +cli\..* a\/tasks\.ts\n[^]*Ready\. Watches for changes/);
    assert.equal(await client.call(route), 1);

    // What a task module imports.
    await write("answer.ts", "export const answer = 2;");
    await cli.printed(/changed: answer\.ts\nreloaded in \d+\.\d s: 1 task\n/);
    assert.equal(await client.call(route), 2);

    // A module in a folder that is new, too.
    await write("b/c/tasks.ts", `rpcTasks("${other}", () => 3);`);
    await cli.printed(/changed: b\/c\/tasks\.ts\nreloaded in \S+ s: 2 tasks \(\+ cli\./);
    assert.equal(await client.call(other), 3);

    await write("b/c/tasks.ts", `rpcTasks("half", () => 1);\nthrow new Error("no database");`);
    await cli.printed(/b\/c\/tasks\.ts:3(:\d+)?: no database\n/);
    await cli.printed(/reloaded in \S+ s: 1 task \(− cli\.\S+, without 1 module that failed\n/);
    assert.equal(await client.call(route), 2);

    // What is no program at all.
    await write("a/tasks.ts", "rpcTasks(");
    await cli.printed(/Waiting for a change\./);
    await cli.printed(/^a\/tasks\.ts(:\d+)*: /m);
    await write("b/c/tasks.ts", `rpcTasks("${route}", () => 4);`);
    await write("a/tasks.ts", task);
    await cli.printed(
      /b\/c\/tasks\.ts:2(:\d+)?: Cannot register "cli\.\S+" twice: .* from a\/tasks\.ts\n/,
    );
    cli.signal("SIGTERM");
    assert.equal(await cli.exited(), 0);
    assert.match(cli.stdout, /Stopped\.\n$/);
  });

  it("lets a running handler finish before it starts anew", async () => {
    await rm(join(folder, "b"), { recursive: true, force: true });
    const slow = `rpcTasks("${route}", async (ms) => {
      console.log("handling", ms);
      await new Promise((resolve) => setTimeout(resolve, ms));
      return "VERSION";
    });`;
    await write("a/tasks.ts", slow.replace("VERSION", "old"));
    await using client = new RPCClient({ settings: { url: brokerURL, environment: "" } });
    const cli = watch();
    await cli.printed(/Ready/);
    const running = client.call(route, 500);
    await cli.printed(/handling 500/);
    await write("a/tasks.ts", slow.replace("VERSION", "new"));
    assert.equal(await running, "old");
    await cli.printed(/reloaded/);
    assert.equal(await client.call(route, 0), "new");
    cli.signal("SIGINT");
    assert.equal(await cli.exited(), 0);
  });
});
