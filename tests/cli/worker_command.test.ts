import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { signalProcess } from "../../scripts/run_command.ts";
import { NoRouteError, RPCClient } from "../../mod.ts";
import { brokerURL, deleteQueue, needsBroker, withChannel } from "../support/broker.ts";
import { CLI } from "../support/cli.ts";
import { waitFor } from "../support/wait_for.ts";

const route = `cli.${crypto.randomUUID()}`;
let folder = "";
let tasks = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "bgtasks-cli-"));
  tasks = join(folder, "tasks.mjs");
  const library = new URL("../../mod.ts", import.meta.url).href;
  await writeFile(
    tasks,
    `import { rpcTasks } from ${JSON.stringify(library)};
     rpcTasks(${JSON.stringify(route)}, async (milliseconds) => {
       console.log("handling", milliseconds);
       await new Promise((resolve) => setTimeout(resolve, milliseconds));
       return milliseconds;
     });
     // Would keep the process: as a database's pool does.
     setInterval(() => {}, 1_000);
    `,
  );
  await writeFile(join(folder, "empty.mjs"), "export {};\n");
  await writeFile(join(folder, "broken.mjs"), 'throw new Error("no database");\n');
});

after(() => rm(folder, { recursive: true }));

describe("bgtasks", () => {
  it("prints its help and version", async () => {
    const [help, workerHelp, version] = [
      new CLI(["--help"]),
      new CLI(["worker", "--help"]),
      new CLI(["--version"]),
    ];
    assert.deepEqual(
      await Promise.all([help.exited(), workerHelp.exited(), version.exited()]),
      [0, 0, 0],
    );
    assert.match(help.stdout, /worker.*\n/);
    for (const option of ["--tasks", "--concurrency", "--drain-timeout", "--url", "Examples:"]) {
      assert.ok(workerHelp.stdout.includes(option), option);
    }
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
  });

  for (const args of [
    ["work"],
    ["worker", "--concurrency", "0"],
    ["worker", "--drain-timeout", "soon"],
    ["worker", "--what"],
  ]) {
    it(`says what is wrong with "${args.join(" ")}" and exits with 2`, async () => {
      const cli = new CLI(args);
      assert.equal(await cli.exited(), 2);
      assert.match(cli.stderr, /error: /);
      assert.ok(cli.stderr.includes(args.at(-1) ?? ""), cli.stderr);
    });
  }
});

describe("bgtasks worker", () => {
  it("refuses test mode", async () => {
    const cli = new CLI(["worker", "--tasks", tasks], { ENVIRONMENT: "test" });
    assert.equal(await cli.exited(), 1);
    assert.match(cli.stderr, /Unset ENVIRONMENT/);
  });

  it("says when no file matches, or those that do register nothing", async () => {
    const [none, empty] = [
      new CLI(["worker", "--tasks", join(folder, "none/*.ts")]),
      new CLI(["worker", "--tasks", join(folder, "empty.mjs")]),
    ];
    assert.deepEqual(await Promise.all([none.exited(), empty.exited()]), [1, 1]);
    assert.match(none.stderr, /no file matches .*none\/\*\.ts/);
    assert.match(empty.stderr, /register none.*empty\.mjs/);
  });

  it("names the task module that cannot be imported, with its stack", async () => {
    const cli = new CLI(["worker", "--tasks", join(folder, "broken.mjs")]);
    assert.equal(await cli.exited(), 1);
    assert.match(cli.stderr, /Cannot import the task module .*broken\.mjs: no database/);
    assert.match(cli.stderr, /broken\.mjs:1/);
  });

  it("lists every wrong setting", async () => {
    const cli = new CLI(["worker", "--tasks", tasks], { AMQP_PORT: "abc", AMQP_RPC_TIMEOUT: "x" });
    assert.equal(await cli.exited(), 1);
    assert.match(cli.stderr, /AMQP_PORT.*\n.*AMQP_RPC_TIMEOUT/);
  });

  it("goes on trying while the broker cannot be reached, and says so", async () => {
    const cli = new CLI(["worker", "--tasks", tasks, "--url", "amqp://127.0.0.1:1"]);
    await cli.printed(/Cannot reach the broker at 127\.0\.0\.1:1.*next attempt[^]*next attempt/);
    cli.signal("SIGTERM");
    assert.equal(await cli.exited(), 0);
  });

  it("says when the broker refuses the password, without telling it", needsBroker, async () => {
    const url = new URL(brokerURL ?? "");
    url.password = "hunter2";
    const cli = new CLI(["worker", "--tasks", tasks, "--url", url.href]);
    assert.equal(await cli.exited(), 1);
    assert.match(cli.stderr, /ACCESS_REFUSED/);
    assert.doesNotMatch(cli.output, /hunter2/);
  });

  it(
    "replies to further queues that --allow-reply-to names, from further processes, too",
    needsBroker,
    async () => {
      const replies = `replies.${crypto.randomUUID()}`;
      await withChannel((channel) => channel.queueDeclare(replies, { durable: true }));
      const options = [
        "--processes",
        "1",
        "--allow-reply-to",
        "rpc.",
        "--allow-reply-to",
        "replies.",
      ];
      const cli = new CLI(["worker", "--tasks", tasks, "--url", brokerURL ?? "", ...options]);
      try {
        await cli.printed(/Ready\./);
        const answer = await withChannel(async (channel) => {
          await channel.basicPublish("", route, "5", { replyTo: replies, correlationId: "1" });
          return await waitFor(
            () => channel.basicGet(replies, { noAck: true }),
            "the reply",
            30_000,
          );
        });
        assert.equal(answer?.bodyString(), "5");
      } finally {
        cli.signal("SIGTERM");
        await cli.exited();
        await deleteQueue(replies);
        await deleteQueue(route);
      }
    },
  );

  it("serves the tasks it finds, and at SIGTERM finishes what it began", needsBroker, async () => {
    const cli = new CLI(["worker", "--tasks", tasks, "--concurrency", "7"], {
      AMQP_URL: brokerURL ?? "",
    });
    await cli.printed(/Ready\./);
    for (const said of [
      /bgtasks \d+\.\d+\.\d+ worker on (Node|Deno|Bun) \d/,
      /concurrency +7\b/,
      /broker +127\.0\.0\.1:\d+/,
    ]) {
      assert.match(cli.stdout, said);
    }
    assert.ok(new RegExp(`${route} +.*tasks\\.mjs`).test(cli.stdout), cli.stdout);
    await using client = new RPCClient({ settings: { url: brokerURL, environment: "" } });
    assert.equal(await client.call(route, 1), 1);
    const slow = client.call(route, 400);
    await cli.printed(/handling 400/);
    cli.signal("SIGTERM");
    assert.equal(await slow, 400);
    assert.equal(await cli.exited(), 0);
    assert.match(cli.stdout, /waiting for 1 running handler[^]*Stopped\./);
    await deleteQueue(route);
    await assert.rejects(client.call(route, 1), NoRouteError);
  });

  it("leaves at once at the second signal", needsBroker, async () => {
    const cli = new CLI(["worker", "--tasks", tasks], { AMQP_URL: brokerURL ?? "" });
    await cli.printed(/Ready\./);
    await using client = new RPCClient({ settings: { url: brokerURL, environment: "" } });
    const leaving = new AbortController();
    const stuck = client.call(route, 60_000, { signal: leaving.signal });
    stuck.catch(() => {});
    await cli.printed(/handling 60000/);
    cli.signal("SIGINT");
    // Some runners of scripts pass on what the terminal has sent already: that is no second one.
    cli.signal("SIGINT");
    await cli.printed(/waiting for 1 running handler/);
    const since = performance.now();
    await waitFor(() => {
      if (cli.exitCode === undefined) signalProcess(cli.pid, "SIGINT");
      return cli.exitCode !== undefined;
    }, "the end");
    assert.ok(performance.now() - since > 50, "the first two were taken for two");
    assert.equal(await cli.exited(), 130);
    await deleteQueue(route);
    leaving.abort();
  });
});
