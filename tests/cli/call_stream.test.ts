import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, it } from "node:test";

import { Bench } from "../support/adapters.ts";
import { brokerURL, needsBroker } from "../support/broker.ts";
import { cliCommand } from "../support/run_script.ts";
import { waitFor } from "../support/wait_for.ts";
import { runCLI } from "./run_cli.ts";
import { TaskFolder } from "./task_folder.ts";

describe("bgtasks call --stream", () => {
  let folder: TaskFolder;
  let tasks = "";

  before(async () => {
    folder = await TaskFolder.create();
    tasks = await folder.write(
      "tasks.mjs",
      `rpcTasks("count", async function* (last) { for (let n = 1; n <= last; n++) yield { n }; });
       rpcTasks("list", () => ["a", "b"]);
       rpcTasks("fails", async function* () { yield 1; throw new TaskError("no_more", "No more."); });`,
    );
  });
  after(() => folder[Symbol.asyncDispose]());

  const callHere = (...args: readonly string[]) =>
    runCLI(["call", ...args, "--stream", "--tasks", tasks], {
      environment: { ENVIRONMENT: "test" },
    });

  it("prints a line of JSON for each item, and how many there were on standard error", async () => {
    const { exitCode, stdout, stderr } = await callHere("count", "3");
    assert.equal(stdout, '{"n":1}\n{"n":2}\n{"n":3}\n');
    assert.match(stderr, /^3 items, \d+(\.\d)? ms\n$/);
    assert.equal(exitCode, 0);
  });

  it("prints the items of a list", async () => {
    const { exitCode, stdout } = await callHere("list");
    assert.equal(stdout, '"a"\n"b"\n');
    assert.equal(exitCode, 0);
  });

  it("prints the items before a failure, and tells that as a call does", async () => {
    const failed = await callHere("fails");
    assert.equal(failed.stdout, "1\n");
    assert.match(failed.stderr, /^bgtasks: No more\.\n {2}code {2}no_more/);
    assert.equal(failed.exitCode, 1);
    const missing = await callHere("nowhere");
    assert.equal(missing.exitCode, 4);
  });

  it("does not go with --json", async () => {
    const { exitCode, stderr } = await callHere("count", "1", "--json");
    assert.equal(exitCode, 2);
    assert.match(stderr, /--stream.*--json/);
  });
});

describe("bgtasks call --stream over RabbitMQ", needsBroker, () => {
  for (const [what, interrupt, code] of [
    ["Ctrl-C", "SIGINT", 130],
    ["the end of its reader", undefined, 0],
  ] as const) {
    it(`is cancelled by ${what}, and its generator ends`, async () => {
      await using bench = new Bench({ url: brokerURL, environment: "" }, true);
      const route = bench.route();
      let cleaned = 0;
      bench.registry(route, async function* () {
        try {
          for (let n = 1; ; n++) {
            yield n;
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        } finally {
          cleaned++;
        }
      });
      await bench.worker();
      const [command, before] = cliCommand();
      const args = [...before, "call", route, "--stream", "--url", brokerURL ?? ""];
      const child = spawn(command, args, {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ENVIRONMENT: "" },
      });
      let [stdout, stderr] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
      await waitFor(() => stdout.includes("3\n"), "three items", 30_000);
      if (interrupt) process.kill(child.pid ?? 0, interrupt);
      else child.stdout.destroy();
      assert.equal(await exit, code);
      if (interrupt) assert.match(stderr, /^cancelled by SIGINT: \d+ items, \d+(\.\d)? ms\n$/);
      await waitFor(() => cleaned === 1, "the generator's end", 1_000);
    });
  }
});
