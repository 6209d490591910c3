import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { after, before, describe, it } from "node:test";

import { RPCClient } from "../../mod.ts";
import { brokerURL, deleteQueue, inspectQueue, needsBroker } from "../support/broker.ts";
import { cliCommand } from "../support/run_script.ts";
import { waitFor } from "../support/wait_for.ts";
import { TaskFolder } from "./task_folder.ts";

describe("bgtasks worker whose output nobody reads any more", needsBroker, () => {
  const route = `cli.${crypto.randomUUID()}`;
  let folder: TaskFolder;
  let tasks = "";

  before(async () => {
    folder = await TaskFolder.create();
    tasks = await folder.write(
      "tasks.mjs",
      `rpcTasks("${route}", async (milliseconds) => {
         await new Promise((resolve) => setTimeout(resolve, milliseconds));
         return milliseconds;
       });`,
    );
  });
  after(async () => {
    await folder[Symbol.asyncDispose]();
    await deleteQueue(route);
  });

  for (const args of [[], ["--processes", "2"]]) {
    it(`drains at SIGTERM and ends with 0, with ${args.join(" ") || "one process"}`, async () => {
      const [command, before] = cliCommand();
      const options = ["worker", "--tasks", tasks, "--log-level", "debug", ...args];
      const worker = spawn(command, [...before, ...options], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, AMQP_URL: brokerURL ?? "" },
      });
      const ended = new Promise<number | null>((resolve) => worker.once("exit", resolve));
      await printed(worker, /Ready/);
      worker.stdout?.destroy();
      worker.stderr?.destroy();
      await using client = new RPCClient({ settings: { url: brokerURL, environment: "" } });
      const slow = client.call(route, 1_500, { timeout: 20_000 });
      await waitFor(
        async () => (await inspectQueue(route)).messageCount === 0,
        "the request taken",
      );
      // Time for the worker to have begun; its drain would give back what it had not.
      await client.call(route, 0, { timeout: 20_000 });
      process.kill(worker.pid ?? 0, "SIGTERM");
      assert.equal(await slow, 1_500);
      assert.equal(await ended, 0);
    });
  }
});

async function printed(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (more: string) => (text += more));
  child.stderr?.resume();
  await waitFor(() => pattern.test(text), "output", 30_000);
}
