import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { runCLI } from "./run_cli.ts";
import { TaskFolder } from "./task_folder.ts";

const nobody = ["--url", "amqp://tom:hunter2@127.0.0.1:1"];

describe("a command with --json that fails before it has a result", () => {
  const cases = [
    [["call", "x", "{id: 7}"], 2, "usage", /^Cannot read the input as JSON: /],
    [
      ["jobs", "send", "x", "1", "--delay", "soon"],
      2,
      "usage",
      /^option '--delay <time>' argument/,
    ],
    [["jobs", "x", "--url", "hunter2"], 1, "invalid_settings", /^Cannot use these settings:/],
  ] as const;
  for (const [args, code, name, message] of cases) {
    it(`says so in JSON: ${args.join(" ")}`, async () => {
      const { exitCode, stdout, stderr } = await runCLI([...args, "--json"]);
      assert.equal(exitCode, code);
      const { ok, error } = JSON.parse(stdout) as {
        readonly ok: boolean;
        readonly error: { readonly code: string; readonly message: string };
      };
      assert.deepEqual([ok, error.code], [false, name]);
      assert.match(error.message, message);
      assert.ok(stderr.includes(error.message), "people are told, too");
      assert.doesNotMatch(stdout + stderr, /hunter2/);
    });
  }

  it("has the error's own code and all that is known of it", async () => {
    await using folder = await TaskFolder.create();
    const tasks = await folder.write("tasks.mjs", `rpcTasks("json.failures", () => 1);`);
    const args = ["routes", "--broker", "--json", "--tasks", tasks, ...nobody];
    const { exitCode, stdout } = await runCLI(args);
    assert.equal(exitCode, 3);
    assert.match(
      stdout,
      /^\{"ok":false,"error":\{"code":"connection_lost","message":"Cannot reach/,
    );
  });
});
