import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";

import type { Check } from "../../src/cli/doctor/check.ts";
import { checkManagement } from "../../src/cli/doctor/management_checks.ts";
import { ladderTopology } from "../../src/jobs/delay_ladder.ts";
import { deadQueueName, jobQueueName, jobTopology } from "../../src/jobs/job_queues.ts";
import { resolveSettings } from "../../src/settings/settings.ts";

/** What the fake API answers, by the path behind `/api/`. Without an answer it is 404. */
type Answers = Readonly<Record<string, { readonly status?: number; readonly body: unknown }>>;

/** A page of the management plugin in this process. */
class FakeManagement implements AsyncDisposable {
  readonly requests: { readonly path: string; readonly user: string }[] = [];
  readonly #server: http.Server;

  private constructor(answers: Answers) {
    this.#server = http.createServer(({ url = "", headers }, response) => {
      const path = url.split("?")[0]?.replace("/api/", "") ?? "";
      const [, encoded = ""] = headers.authorization?.split(" ") ?? [];
      this.requests.push({ path, user: Buffer.from(encoded, "base64").toString() });
      const { status = 200, body } = answers[path] ?? { status: 404, body: "no such page" };
      if (body === undefined) return;
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  static async open(answers: Answers): Promise<FakeManagement> {
    const page = new FakeManagement(answers);
    await new Promise<void>((resolve) => page.#server.listen(0, "127.0.0.1", resolve));
    return page;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const broker = { url: "amqp://tom:hunter2@127.0.0.1:1/%2F", environment: "" };
const settings = resolveSettings(broker);
const VERSION = { overview: { body: { rabbitmq_version: "4.0.5" } } } as const;
const NODES = { nodes: { body: [{ name: "rabbit@a", running: true }] } } as const;

async function look(
  address: string,
  connectTimeout = 10_000,
): Promise<Readonly<Record<string, Check>>> {
  const checks = await checkManagement(address, resolveSettings({ ...broker, connectTimeout }));
  assert.doesNotMatch(JSON.stringify(checks), /hunter2|secret/);
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

/** The queues of a job and of the ladder as the API tells of them, with changes by their names. */
function queues(changes: Readonly<Record<string, object>> = {}): { readonly body: unknown } {
  const items = [...jobTopology("mails.send", undefined), ...ladderTopology()]
    .filter((record) => record.kind === "queue")
    .map(({ name, arguments: args }) => {
      const members = ["rabbit@a", "rabbit@b", "rabbit@c"];
      const queue = { name, type: "quorum", arguments: args, members, online: members };
      return { ...queue, ...changes[name] };
    });
  return { body: { page_count: 1, items } };
}

const JOB = jobQueueName("mails.send");
const DEAD = deadQueueName(JOB);
const LEVEL = "bgtasks.v1.delay.10";

describe("what doctor looks at through the management API", () => {
  it("is well where nothing is wrong", async () => {
    await using page = await FakeManagement.open({ ...VERSION, ...NODES, "queues/%2F": queues() });
    const checks = await look(`http://${page.host}/`);
    assert.deepEqual(
      Object.values(checks).map(({ name, verdict }) => [name, verdict]),
      ["management", "alarms", "policies", "replicas", "job queues"].map((name) => [name, "ok"]),
    );
    assert.equal(checks["management"]?.message, `${page.host} tells of RabbitMQ 4.0.5`);
  });

  it("asks as the broker's user, or as whom the URL names", async () => {
    await using page = await FakeManagement.open({ ...VERSION, ...NODES, "queues/%2F": queues() });
    await look(`http://${page.host}`);
    await look(`http://ann:secret%40@${page.host}/api/`);
    assert.deepEqual(
      [...new Set(page.requests.map(({ user }) => user))],
      ["tom:hunter2", "ann:secret@"],
    );
  });

  for (const [definition, name, verdict, message] of [
    [{ expires: 1_000 }, LEVEL, "problem", /expires: 1000 of all: .* is deleted with its jobs/],
    [{ "message-ttl": 5 }, JOB, "problem", /message-ttl: 5 of all: jobs that wait so long become/],
    [{ "message-ttl": 5 }, DEAD, "problem", /dead letters are deleted after that time/],
    [{ "message-ttl": 5 }, LEVEL, "problem", /jobs leave their delay too early/],
    [{ "message-ttl": 2_000 }, LEVEL, "ok", /none harms/],
    [{ "max-length": 10 }, JOB, "problem", /holds up the delays of all routes/],
    [{ "max-length-bytes": 10 }, LEVEL, "problem", /refuses delayed jobs/],
    [{ overflow: "drop-head" }, JOB, "problem", /overflow: drop-head of all: jobs may be lost/],
    [{ overflow: "reject-publish" }, JOB, "ok", /none harms/],
    [{ "delivery-limit": 5 }, JOB, "warning", /fewer deaths of their workers/],
    [{ "delivery-limit": 50 }, JOB, "ok", /none harms/],
    [{ "delivery-limit": 50 }, DEAD, "problem", /looked at so often are deleted/],
    [{ "dead-letter-exchange": "x" }, DEAD, "warning", /dead letters .* go elsewhere/],
    [{ "dead-letter-strategy": "at-most-once" }, JOB, "warning", /one of the two does not count/],
    [{ "queue-leader-locator": "balanced" }, JOB, "ok", /none harms/],
  ] as const) {
    it(`judges a policy ${JSON.stringify(definition)} on ${name}`, async () => {
      const changed = { [name]: { policy: "all", effective_policy_definition: definition } };
      await using page = await FakeManagement.open({
        ...VERSION,
        ...NODES,
        "queues/%2F": queues(changed),
      });
      const { policies } = await look(`http://${page.host}`);
      assert.equal(policies?.verdict, verdict, policies?.message);
      assert.match(policies?.message ?? "", message);
      if (verdict !== "ok") assert.ok(policies?.message.includes(`(${name})`), policies?.message);
    });
  }

  it("tells of alarms and of nodes that do not run", async () => {
    const alarmed = [
      { name: "rabbit@a", running: true, mem_alarm: true, disk_free_alarm: true },
      { name: "rabbit@b", running: false },
    ];
    await using page = await FakeManagement.open({ ...VERSION, nodes: { body: alarmed } });
    const { alarms } = await look(`http://${page.host}`);
    assert.equal(alarms?.verdict, "problem");
    assert.deepEqual(alarms.message.split("\n"), [
      "rabbit@a has too little memory left",
      "rabbit@a has too little room on its disk",
      "rabbit@b does not run",
    ]);
  });

  for (const [online, verdict, message] of [
    [["rabbit@a"], "problem", /no majority is there.*bgtasks\.job\.mails\.send/],
    [["rabbit@a", "rabbit@b"], "warning", /some are away: bgtasks\.job\.mails\.send/],
  ] as const) {
    it(`tells of a queue with ${online.length} of 3 replicas`, async () => {
      const changed = queues({ [JOB]: { online } });
      await using page = await FakeManagement.open({ ...VERSION, ...NODES, "queues/%2F": changed });
      const { replicas } = await look(`http://${page.host}`);
      assert.equal(replicas?.verdict, verdict);
      assert.match(replicas.message, message);
    });
  }

  it("tells of queues of another type or with other arguments, also of jobs that are not here", async () => {
    const changed = queues({
      [JOB]: { type: "classic", arguments: {} },
      [LEVEL]: { arguments: { "x-message-ttl": 7, "x-overflow": "reject-publish" } },
    });
    await using page = await FakeManagement.open({ ...VERSION, ...NODES, "queues/%2F": changed });
    const { "job queues": check } = await look(`http://${page.host}`);
    assert.equal(check?.verdict, "problem");
    assert.match(check.message, /bgtasks\.job\.mails\.send: x-queue-type is classic, not quorum/);
    assert.match(check.message, /delay\.10: x-message-ttl is 7, not 1024/);
  });

  for (const [what, answers, message] of [
    ["a user who is not let in", { overview: { status: 401, body: {} } }, /answers 401: this user/],
    ["a page that is not there", {}, /answers 404: it is not the API/],
    ["a page for people", { overview: { body: "<html>" } }, /something that is not JSON/],
    ["another API", { overview: { body: { version: 1 } } }, /tells no version of RabbitMQ/],
    ["a way that leads elsewhere", { overview: { status: 302, body: "" } }, /answers 302/],
    ["a server that is broken", { overview: { status: 500, body: "" } }, /answers 500/],
    ["a server that says nothing", { overview: { body: undefined } }, /no answer within 200 ms/],
  ] as const) {
    it(`is skipped after ${what}, which is a problem`, async () => {
      await using page = await FakeManagement.open(answers);
      const timeout = what.endsWith("nothing") ? 200 : undefined;
      const { management, ...rest } = await look(`http://${page.host}`, timeout);
      assert.equal(management?.verdict, "problem");
      assert.match(management.message, message);
      assert.ok(management.message.includes(page.host), management.message);
      for (const { verdict } of Object.values(rest)) assert.equal(verdict, "skipped");
    });
  }

  it("goes on where the user may see queues and not nodes", async () => {
    const nodes = { status: 403, body: {} };
    await using page = await FakeManagement.open({ ...VERSION, nodes, "queues/%2F": queues() });
    const { alarms, policies } = await look(`http://${page.host}`);
    assert.equal(alarms?.verdict, "problem");
    assert.match(alarms.remedy ?? "", /the tag monitoring/);
    assert.equal(policies?.verdict, "ok");
  });

  it("is a problem where nobody listens", async () => {
    const page = await FakeManagement.open({});
    const { host } = page;
    await page[Symbol.asyncDispose]();
    const { management } = await look(`http://ann:secret@${host}`);
    assert.match(
      management?.message ?? "",
      /^Cannot reach the management API at 127\.0\.0\.1:\d+: ./,
    );
    assert.match(management?.remedy ?? "", /rabbitmq-plugins enable rabbitmq_management/);
  });

  it("refuses an address that is none, and tells nothing of it", async () => {
    for (const address of ["amqp://tom:secret@localhost", "localhost:15672", "secret"])
      await assert.rejects(checkManagement(address, settings), {
        message: "Cannot use --management, because it is not a URL such as http://localhost:15672",
      });
  });
});
