import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Bench } from "../support/adapters.ts";
import { brokerURL, needsBroker, withChannel } from "../support/broker.ts";
import { runCLI } from "./run_cli.ts";
import { TaskFolder } from "./task_folder.ts";

interface Listing {
  readonly jobs: readonly {
    readonly route: string;
    readonly file: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly queue?: unknown;
  }[];
  readonly tasks: readonly {
    readonly route: string;
    readonly file: string;
    readonly input: { readonly vendor: string; readonly type?: string } | null;
    readonly options: Readonly<Record<string, unknown>>;
    readonly queue?: { readonly messages: number; readonly consumers: number } | null;
  }[];
}

describe("bgtasks routes", () => {
  const [served, missing] = [`cli.${crypto.randomUUID()}`, `cli.${crypto.randomUUID()}`];
  let folder: TaskFolder;
  let tasks = "";

  before(async () => {
    folder = await TaskFolder.create();
    tasks = await folder.write(
      "tasks.mjs",
      `rpcTasks(${JSON.stringify(served)}, { input: v.array(v.number()), output: z.object({ ok: z.boolean() }), concurrency: 5, description: "Says ok." }, () => ({ ok: true }));
       rpcTasks(${JSON.stringify(missing)}, { queue: { durable: false }, timeout: 2_000 }, () => 1);
       jobTasks(${JSON.stringify(served)}, { input: v.number(), retry: { attempts: 3, jitter: 0 }, concurrency: 2 }, () => {});
       jobTasks("cli.decides", { retry: () => false }, () => {});
       setInterval(() => {}, 1_000);`,
    );
  });
  after(() => folder[Symbol.asyncDispose]());

  it("lists tasks with schemas and options, without a broker", async () => {
    const { exitCode, stdout, stderr } = await runCLI(["routes", "--tasks", tasks]);
    assert.match(stdout, new RegExp(`${served} {2}.*tasks\\.mjs\\n`));
    for (const said of [
      /does +Says ok\.\n/,
      /input +number\[\]\n/,
      /output +\{ ok: boolean \}\n/,
      /concurrency +5/,
      /input +not checked/,
      /timeout +2000 ms/,
      /declared +\{"durable":false\}/,
      /kind +job\n +input +number\n +retry +3 attempts, after 1000 ms, 2 times longer each, 3600000 ms at most\n +timeout +900000 ms\n +concurrency +2/,
      /cli\.decides {2}.*tasks\.mjs\n +kind +job\n +input +not checked\n +retry +a function decides\n/,
    ]) {
      assert.match(stdout, said);
    }
    assert.doesNotMatch(stdout, /queue/);
    const aside = "No broker is named, so queues are not shown: --broker asks for them.\n";
    assert.deepEqual([exitCode, stderr], [0, aside]);
  });

  it("tells each queue's depth and consumers", needsBroker, async () => {
    await using bench = new Bench({ url: brokerURL, environment: "" }, true);
    await withChannel((channel) => channel.queueDeclare(served));
    try {
      await withChannel((channel) => channel.basicPublish("", served, "[1]"));
      const environment = { AMQP_URL: brokerURL ?? "" };
      const args = ["routes", "--tasks", tasks, "--json"];
      const waiting = await runCLI(args, { environment });
      const { tasks: before, jobs } = JSON.parse(waiting.stdout) as Listing;
      // A job of the same route has another queue.
      assert.equal(jobs[0]?.queue, null);
      assert.deepEqual(
        before.map(({ queue }) => queue),
        [{ messages: 1, consumers: 0 }, null],
      );
      bench.registry(served, () => 1);
      await bench.worker();
      const { tasks: after } = JSON.parse((await runCLI(args, { environment })).stdout) as Listing;
      assert.equal(after[0]?.queue?.consumers, 1);
      const { stdout } = await runCLI(["routes", "--tasks", tasks, "--broker"], { environment });
      assert.match(stdout, /queue +0 waiting, 1 consumer\n/);
      assert.match(stdout, /queue +none on the broker yet/);
    } finally {
      await withChannel((channel) => channel.queueDelete(served));
    }
  });

  it("prints JSON", async () => {
    const { stdout } = await runCLI(["routes", "--tasks", tasks, "--json"]);
    const { tasks: listed, jobs } = JSON.parse(stdout) as Listing;
    const [first, second] = listed;
    assert.equal(first?.route, served);
    assert.match(first.file, /tasks\.mjs$/);
    assert.deepEqual(first.input, {
      vendor: "valibot",
      type: "number[]",
      jsonSchema: { type: "array", items: { type: "number" } },
    });
    assert.deepEqual(first.options, { concurrency: 5, description: "Says ok." });
    assert.equal(second?.input, null);
    assert.ok(!("queue" in first));
    const retry = { attempts: 3, delay: 1_000, factor: 2, max: 3_600_000, jitter: 0 };
    const rest = { timeout: 900_000, stack: true };
    assert.deepEqual(
      jobs.map(({ route, options }) => [route, options]),
      [
        [served, { ...rest, retry, concurrency: 2 }],
        ["cli.decides", { ...rest, retry: "function" }],
      ],
    );
  });

  it("goes on without a broker that is named and does not answer, unless it must have it", async () => {
    const url = ["--url", "amqp://127.0.0.1:1"];
    const [lenient, strict, without] = await Promise.all([
      runCLI(["routes", "--tasks", tasks, ...url]),
      runCLI(["routes", "--tasks", tasks, ...url, "--broker"]),
      runCLI(["routes", "--tasks", tasks, ...url, "--no-broker"]),
    ]);
    assert.match(lenient.stderr, /Cannot reach the broker at 127\.0\.0\.1:1.*listed without it/);
    assert.match(lenient.stdout, /number\[\]/);
    assert.match(strict.stderr, /tried {2}127\.0\.0\.1:1/);
    assert.equal(strict.stdout, "");
    assert.equal(without.stderr, "");
    assert.deepEqual([lenient.exitCode, strict.exitCode, without.exitCode], [0, 3, 0]);
  });

  it("says where it looked when there are no tasks, and which module fails", async () => {
    const broken = await folder.write("broken.mjs", 'throw new Error("no database");');
    const [none, failing] = await Promise.all([
      runCLI(["routes", "--tasks", `${folder.path}/none/*.ts`]),
      runCLI(["routes", "--tasks", broken]),
    ]);
    assert.match(none.stderr, /Cannot list routes without tasks: no file matches .*none\/\*\.ts/);
    assert.match(failing.stderr, /broken\.mjs: no database[^]*broken\.mjs:2/);
    assert.deepEqual([none.exitCode, failing.exitCode], [1, 1]);
  });
});
