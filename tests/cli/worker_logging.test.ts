import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { RPCClient } from "../../mod.ts";
import { brokerURL, deleteQueue, needsBroker } from "../support/broker.ts";
import { CLI } from "../support/cli.ts";
import { TaskFolder } from "./task_folder.ts";

const logtape = JSON.stringify(import.meta.resolve("@logtape/logtape"));

/** Calls a task of a module that is served by `bgtasks worker` with these options, and waits for what it logs. */
async function serveAndCall(
  code: (route: string) => string,
  options: readonly string[],
  logged: RegExp,
): Promise<CLI> {
  await using folder = await TaskFolder.create();
  const route = `logging.${crypto.randomUUID()}`;
  const path = await folder.write("tasks.mjs", code(JSON.stringify(route)));
  const cli = new CLI(["worker", "--tasks", path, ...options], { AMQP_URL: brokerURL ?? "" });
  try {
    await cli.printed(/Ready\./);
    await using client = new RPCClient({ settings: { url: brokerURL, environment: "" } });
    await client.call(route, 7).catch(() => {});
    await cli.printed(logged);
    return cli;
  } finally {
    cli.signal("SIGTERM");
    await cli.exited();
    await deleteQueue(route);
  }
}

describe("the log of bgtasks worker", needsBroker, () => {
  it("has a record of each request at level debug, and what handlers log", async () => {
    const cli = await serveAndCall(
      (route) => `import { getLogger } from ${logtape};
        rpcTasks(${route}, (id) => void getLogger("app").info("deleting {id}", { id }));`,
      ["--log-level", "debug", "--name", "images-7"],
      /ok \d[\d.]* ms/,
    );
    assert.match(cli.stderr, /bgtasks·worker: logging\.[\w-]+ ok \d/);
    assert.match(cli.stderr, /images-7 worker: connected/);
    assert.match(cli.stderr, /\[info\] app: deleting 7/);
  });

  it("is JSON when asked for, errors with their stacks", async () => {
    const cli = await serveAndCall(
      (route) => `rpcTasks(${route}, () => { throw new TypeError("no database"); });`,
      ["--log-format", "json"],
      /no database/,
    );
    const lines = cli.stderr.trim().split("\n");
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const failure = records.find(({ level }) => level === "ERROR");
    assert.equal(failure?.["logger"], "bgtasks.worker");
    assert.match(String(failure["route"]), /^logging\./);
    const { name, message, stack } = failure["error"] as Record<string, string>;
    assert.deepEqual([name, message], ["TypeError", "no database"]);
    assert.match(stack ?? "", /tasks\.mjs:\d+/);
  });

  it("is the program's own where a task module sets up LogTape", async () => {
    const cli = await serveAndCall(
      (route) => `import { configure as configureLog, getLogger } from ${logtape};
        await configureLog({
          sinks: { own: ({ category, level }) => console.log("own", category.join("."), level) },
          loggers: [
            { category: "app", sinks: ["own"], lowestLevel: "info" },
            { category: ["logtape", "meta"], sinks: [] },
          ],
        });
        rpcTasks(${route}, () => { getLogger("app").info("here"); throw new Error("no database"); });`,
      [],
      /no database/,
    );
    assert.match(cli.stdout, /own app info/);
    // Its set-up takes no errors of ours, and still they are seen.
    assert.match(cli.stderr, /^bgtasks: the handler of "logging\.[\w-]+" failed, error [\w-]+:/m);
  });
});
