import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";

import { RPCClient } from "../../../mod.ts";
import { brokerURL, deleteQueue, inspectQueue, needsBroker } from "../../support/broker.ts";
import { CLI } from "../../support/cli.ts";
import { waitFor } from "../../support/wait_for.ts";
import { TaskFolder } from "../task_folder.ts";

describe("bgtasks worker --processes", needsBroker, () => {
  const route = `cli.${crypto.randomUUID()}`;
  const environment = { AMQP_URL: brokerURL ?? "" };
  let folder: TaskFolder;
  let tasks = "";

  before(async () => {
    folder = await TaskFolder.create();
    tasks = await folder.write(
      "tasks.mjs",
      `rpcTasks("${route}", async (milliseconds) => {
         console.log("handling", milliseconds);
         await new Promise((resolve) => setTimeout(resolve, milliseconds));
         return process.pid;
       });`,
    );
  });
  after(async () => {
    await folder[Symbol.asyncDispose]();
    await deleteQueue(route);
  });

  const consumers = async (): Promise<number> => (await inspectQueue(route)).consumerCount;

  it("serves in several, starts one again that fell, and drains all of them at one signal", async () => {
    await using client = new RPCClient({ settings: { url: brokerURL, environment: "" } });
    const cli = new CLI(["worker", "--tasks", tasks, "--processes", "2"], environment);
    await cli.printed(/concurrency +100 in each of 2 processes[^]*Ready, 2 processes\./);
    assert.equal(await consumers(), 2);
    const pids = new Set<unknown>();
    await waitFor(async () => pids.add(await client.call(route, 0)).size === 2, "both answer");

    process.kill(Number([...pids][0]), "SIGKILL");
    await cli.printed(/process \d ended with SIGKILL: starting it again in 0\.5 s/);
    await cli.printed(/process \d is back\./);
    await waitFor(async () => (await consumers()) === 2, "two consumers again");

    const slow = client.call(route, 300);
    await cli.printed(/handling 300/);
    cli.signal("SIGTERM");
    assert.equal(typeof (await slow), "number");
    assert.equal(await cli.exited(), 0);
    assert.equal(await consumers(), 0);
  });

  it("fails when they cannot begin to serve", async () => {
    const broken = await folder.write("broken.mjs", 'throw new Error("no database");');
    const cli = new CLI(["worker", "--tasks", broken, "--processes", "2"], environment);
    assert.equal(await cli.exited(), 1);
    assert.match(cli.stderr, /broken\.mjs: no database[^]*broken\.mjs:2/);
    assert.doesNotMatch(cli.stdout, /starting it again/);
  });

  it("leaves no process behind when the one that supervises is killed", async () => {
    const cli = new CLI(["worker", "--tasks", tasks, "--processes", "1"], environment);
    await cli.printed(/Ready\./);
    process.kill(cli.pid, "SIGKILL");
    await waitFor(async () => (await consumers()) === 0, "no consumer");
    await cli.exited();
  });

  for (const count of ["0", "many"]) {
    it(`refuses --processes ${count}`, async () => {
      const cli = new CLI(["worker", "--processes", count]);
      assert.equal(await cli.exited(), 2);
      assert.match(cli.stderr, /whole number from 1/);
    });
  }
});
