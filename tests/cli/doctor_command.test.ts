import assert from "node:assert/strict";
import net from "node:net";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";

import {
  brokerURL,
  deleteQueue,
  needsBroker,
  refusesTransientQueues,
  withChannel,
} from "../support/broker.ts";
import { FakeBroker } from "../support/fake_broker.ts";
import { runCLI } from "./run_cli.ts";
import { TaskFolder } from "./task_folder.ts";

interface Report {
  readonly ok: boolean;
  readonly settings: readonly {
    readonly key: string;
    readonly value: string;
    readonly source: string;
  }[];
  readonly checks: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly message: string;
    readonly remedy?: string;
  }[];
}

describe("bgtasks doctor", () => {
  const [same, other] = [`cli.${crypto.randomUUID()}`, `cli.${crypto.randomUUID()}`];
  let folder: TaskFolder;
  let tasks = "";

  before(async () => {
    folder = await TaskFolder.create();
    tasks = await folder.write(
      "tasks.mjs",
      `rpcTasks(${JSON.stringify(same)}, () => 1);
       rpcTasks(${JSON.stringify(other)}, () => 1);
       configure({ name: "orders" });
       setInterval(() => {}, 1_000);`,
    );
  });
  after(() => folder[Symbol.asyncDispose]());

  async function examine(
    environment: Readonly<Record<string, string>>,
    args: readonly string[] = [],
  ): Promise<Report & { readonly exitCode: number | null }> {
    const all = ["doctor", "--tasks", tasks, "--json", ...args];
    const { exitCode, stdout, stderr } = await runCLI(all, { environment });
    assert.equal(stderr, "");
    assert.doesNotMatch(stdout, /hunter2/);
    return { ...(JSON.parse(stdout) as Report), exitCode };
  }

  const verdicts = ({ checks }: Report): Record<string, string> =>
    Object.fromEntries(checks.map(({ name, verdict }) => [name, verdict]));

  it("finds nothing wrong with a broker that is as it should be", needsBroker, async () => {
    const report = await examine({ AMQP_URL: brokerURL ?? "" });
    assert.deepEqual(verdicts(report), {
      versions: "ok",
      settings: "ok",
      tasks: "ok",
      broker: "ok",
      connect: "ok",
      permissions: "ok",
      replies: "ok",
      [`queue ${same}`]: "ok",
      [`queue ${other}`]: "ok",
    });
    const broker = report.checks.find(({ name }) => name === "broker");
    assert.match(broker?.message ?? "", /:\d+ is RabbitMQ \d+\.\d+/);
    assert.deepEqual([report.ok, report.exitCode], [true, 0]);
  });

  it("declares no queue of a task", needsBroker, async () => {
    await examine({ AMQP_URL: brokerURL ?? "" });
    await assert.rejects(
      withChannel((channel) => channel.queueDeclare(same, { passive: true })),
      /NOT_FOUND/,
    );
  });

  it("sees queues that clash, and requests that nobody serves", needsBroker, async () => {
    await withChannel((channel) => channel.queueDeclare(same, { durable: true }));
    await withChannel((channel) =>
      channel.queueDeclare(other, { durable: refusesTransientQueues }, { "x-max-length": 10 }),
    );
    try {
      await withChannel((channel) => channel.basicPublish("", same, "1"));
      const report = await examine({ AMQP_URL: brokerURL ?? "" });
      const [waiting, clash] = report.checks.filter(({ name }) => name.startsWith("queue"));
      assert.deepEqual([waiting?.verdict, clash?.verdict], ["warning", "warning"]);
      assert.match(waiting?.message ?? "", /1 waiting, 0 consumers/);
      assert.match(clash?.message ?? "", /other properties: .*'(durable|x-max-length)'/);
      assert.match(clash?.remedy ?? "", /delete the queue/);
      assert.equal(report.exitCode, 0);
    } finally {
      await deleteQueue(same);
      await deleteQueue(other);
    }
  });

  it("tells a wrong password from an unknown virtual host", needsBroker, async () => {
    const [stranger, lost] = [new URL(brokerURL ?? ""), new URL(brokerURL ?? "")];
    stranger.password = "hunter2";
    lost.pathname = `/${crypto.randomUUID()}`;
    const [password, vhost] = await Promise.all([
      examine({ AMQP_URL: stranger.href }),
      examine({ AMQP_URL: lost.href }),
    ]);
    assert.deepEqual(
      [
        verdicts(password)["broker"],
        verdicts(password)["connect"],
        verdicts(password)["permissions"],
      ],
      ["ok", "problem", "skipped"],
    );
    assert.deepEqual(
      [verdicts(vhost)["broker"], verdicts(vhost)["vhost"], verdicts(vhost)["permissions"]],
      ["ok", "problem", "skipped"],
    );
    assert.match(vhost.checks.find(({ name }) => name === "vhost")?.remedy ?? "", /add_vhost/);
    assert.deepEqual([password.exitCode, vhost.exitCode], [1, 1]);
  });

  it("says that nobody listens, and what to do", async () => {
    const report = await examine({}, ["--url", "amqp://tom:hunter2@127.0.0.1:1"]);
    const connect = report.checks.find(({ name }) => name === "connect");
    assert.equal(connect?.verdict, "problem");
    assert.match(connect.message, /Cannot reach the broker at 127\.0\.0\.1:1: /);
    assert.match(connect.remedy ?? "", /Start a broker[^]*5672/);
    assert.deepEqual([report.ok, report.exitCode], [false, 1]);
  });

  it("says that what listens is no broker", async () => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const report = await examine({ AMQP_HOST: "127.0.0.1", AMQP_PORT: String(port) });
    server.close();
    assert.match(
      report.checks.find(({ name }) => name === "connect")?.message ?? "",
      /does not speak AMQP/,
    );
  });

  it("says what else a port may be that hangs up without a word", async () => {
    const server = net.createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const report = await examine({}, ["--url", `amqp://127.0.0.1:${port}`]);
    server.close();
    const connect = report.checks.find(({ name }) => name === "connect");
    assert.match(connect?.message ?? "", /the socket closed before the broker said a word/);
    assert.match(connect?.remedy ?? "", /amqps:\/\/ instead[^]*a proxy/);
    assert.doesNotMatch(connect?.remedy ?? "", /Start a broker/);
  });

  it("makes a call to itself, by the reply names of LavinMQ, too", async () => {
    await using broker = await FakeBroker.open({
      product: "LavinMQ",
      replyName: () => "amq.direct.reply-to.amq.ctag-0b1HnVbM",
    });
    const report = await examine({ AMQP_URL: broker.url });
    const replies = report.checks.find(({ name }) => name === "replies");
    assert.deepEqual([replies?.verdict, report.ok], ["ok", true], replies?.message);
  });

  it("finds that workers would refuse a broker's reply names, and what to set", async () => {
    await using broker = await FakeBroker.open({
      product: "NewMQ",
      replyName: () => "amq.callers.7",
    });
    const report = await examine({ AMQP_URL: broker.url });
    const replies = report.checks.find(({ name }) => name === "replies");
    assert.equal(replies?.verdict, "problem", JSON.stringify(report.checks));
    assert.match(replies.message, /"amq\.callers\.7"/);
    assert.match(replies.remedy ?? "", /AMQP_ALLOW_REPLY_TO=amq\.callers\. /);
    const allowed = await examine({ AMQP_URL: broker.url, AMQP_ALLOW_REPLY_TO: "x,amq.callers." });
    assert.equal(verdicts(allowed)["replies"], "ok");
  });

  it("tells where each setting comes from, and no password", async () => {
    const { settings } = await examine(
      {
        AMQP_URL: "amqp://tom:hunter2@elsewhere/shop",
        AMQP_USERNAME: "bob",
        AMQP_RPC_TIMEOUT: "5",
      },
      ["--url", "amqp://127.0.0.1:1"],
    );
    const seen = Object.fromEntries(
      settings.map(({ key, value, source }) => [key, [value, source]]),
    );
    assert.deepEqual(seen["host"], ["127.0.0.1:1", "--url"]);
    assert.deepEqual(seen["vhost"], ["shop", "AMQP_URL"]);
    assert.deepEqual(seen["username"], ["bob", "AMQP_USERNAME"]);
    assert.deepEqual(seen["password"], ["not shown", "AMQP_URL"]);
    assert.deepEqual(seen["rpcTimeout"], ["5000 ms", "AMQP_RPC_TIMEOUT"]);
    assert.deepEqual(seen["name"], ["orders", "configure()"]);
    assert.deepEqual(seen["heartbeatSeconds"], ["30 s", "default"]);
  });

  it("lists wrong settings, and looks no further", async () => {
    const report = await examine({ AMQP_PORT: "abc", AMQP_RPC_TIMEOUT: "x" });
    const settings = report.checks.find(({ name }) => name === "settings");
    assert.equal(settings?.verdict, "problem");
    assert.match(settings.message, /AMQP_PORT.*\nAMQP_RPC_TIMEOUT/);
    assert.equal(verdicts(report)["connect"], "skipped");
    assert.equal(report.exitCode, 1);
  });

  it("warns that test mode uses no broker", async () => {
    const report = await examine({ ENVIRONMENT: "test" });
    assert.equal(verdicts(report)["connect"], "warning");
    assert.equal(report.exitCode, 0);
  });

  it("names the task module that fails, with its line", async () => {
    const broken = await folder.write("broken.mjs", 'throw new Error("no database");');
    const { exitCode, stdout } = await runCLI(["doctor", "--tasks", broken], {
      environment: { ENVIRONMENT: "test" },
    });
    assert.match(
      stdout,
      /PROBLEM +tasks +Cannot import .*broken\.mjs: no database\n +→ .*broken\.mjs:2/,
    );
    assert.match(stdout, /1 problem found\.\n$/);
    assert.equal(exitCode, 1);
  });
});
