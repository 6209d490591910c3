import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { freePorts } from "../../scripts/broker/free_ports.ts";
import { brokerRoot } from "../../scripts/broker/private_node.ts";
import { CertificateAuthority } from "../support/certificates.ts";
import {
  needsRabbitMQServerAndOpenSSL,
  needsRabbitMQServerForLong,
  PrivateBroker,
} from "../support/private_broker.ts";
import { runCLI } from "./run_cli.ts";
import { TaskFolder } from "./task_folder.ts";
import { waitForPort } from "../support/wait_for_port.ts";

interface Check {
  readonly name: string;
  readonly verdict: string;
  readonly message: string;
  readonly remedy?: string;
}

const needed = { skip: needsRabbitMQServerForLong.skip || needsRabbitMQServerAndOpenSSL.skip };

// Of brokers that are not as they should be: over TLS, and for users who may not do everything.
describe("bgtasks doctor, of a broker of its own", needed, () => {
  let authority: CertificateAuthority;
  let broker: PrivateBroker;
  let folder: TaskFolder;
  let [port, trusting, plain] = [0, "", ""];

  before(async () => {
    [port = 0] = await freePorts(1);
    authority = await CertificateAuthority.create("ours", brokerRoot);
    const server = await authority.sign("broker", ["localhost"]);
    const inBroker = (file: string): string => file.slice(brokerRoot.length);
    broker = await PrivateBroker.start({
      configuration: [
        `listeners.ssl.1 = 127.0.0.1:${port}`,
        `ssl_options.cacertfile = ${inBroker(authority.certFile)}`,
        `ssl_options.certfile = ${inBroker(server.certFile)}`,
        `ssl_options.keyfile = ${inBroker(server.keyFile)}`,
      ],
    });
    await waitForPort(port);
    folder = await TaskFolder.create();
    const task = 'rpcTasks("tasks.one", () => 1);';
    plain = await folder.write("plain.mjs", task);
    const ca = JSON.stringify(authority.cert);
    trusting = await folder.write("trusting.mjs", `${task} configure({ tls: { ca: ${ca} } });`);
  });
  after(async () => {
    await folder[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
    authority[Symbol.dispose]();
  });

  async function examine(url: string, tasks: string): Promise<Record<string, Check | undefined>> {
    const args = ["doctor", "--tasks", tasks, "--url", url, "--json"];
    const { stdout, stderr } = await runCLI(args);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    return Object.fromEntries(checks.map((check) => [check.name, check]));
  }

  it("finds nothing wrong over TLS with an authority that is named", async () => {
    const {
      broker: version,
      connect,
      permissions,
    } = await examine(`amqps://guest:guest@localhost:${port}`, trusting);
    assert.match(version?.message ?? "", /^localhost:\d+ \(TLS\) is RabbitMQ \d/);
    assert.deepEqual(
      [version?.verdict, connect?.verdict, permissions?.verdict],
      ["ok", "ok", "ok"],
    );
  });

  it("tells of an authority that nobody has named how it is named", async () => {
    const { connect } = await examine(`amqps://guest:hunter2@localhost:${port}`, plain);
    assert.equal(connect?.verdict, "problem");
    assert.match(connect.message, /localhost:\d+.*(?:certificate|UnknownIssuer)/i);
    assert.match(connect.remedy ?? "", /`tls: \{ ca \}`/);
    assert.doesNotMatch(connect.remedy ?? "", /Start a broker/);
  });

  it("tells of a certificate for another name how that is named", async () => {
    const { connect } = await examine(`amqps://guest:hunter2@127.0.0.1:${port}`, trusting);
    assert.equal(connect?.verdict, "problem");
    assert.match(connect.remedy ?? "", /`tls: \{ servername \}`/);
  });

  it("tells TLS from none when one is taken for the other", async () => {
    const [tls, none] = await Promise.all([
      examine(`amqps://guest:hunter2@127.0.0.1:${broker.node.port}`, trusting),
      examine(`amqp://guest:hunter2@127.0.0.1:${port}`, plain),
    ]);
    assert.equal(tls["connect"]?.verdict, "problem");
    assert.match(tls["connect"].remedy ?? "", /amqp:\/\//);
    assert.equal(none["connect"]?.verdict, "problem");
    assert.match(none["connect"].message, /speaks TLS/);
    assert.match(none["connect"].remedy ?? "", /amqps:\/\//);
  });

  it("tells which permission is missing, and how it is granted", async () => {
    await broker.node.ctl("add_user", "reader", "hunter2");
    await broker.node.ctl("set_permissions", "-p", "/", "reader", "", "", ".*");
    const url = `amqp://reader:hunter2@127.0.0.1:${broker.node.port}`;
    const report = await examine(url, plain);
    assert.equal(report["connect"]?.verdict, "ok");
    assert.equal(report["permissions"]?.verdict, "problem");
    assert.match(report["permissions"].message, /ACCESS_REFUSED|access to/);
    assert.match(report["permissions"].remedy ?? "", /rabbitmqctl set_permissions -p \/ reader/);
    // Its queue can be looked at, and does not exist.
    assert.equal(report["queue tasks.one"]?.verdict, "ok");
  });

  it("tells of a user without any permission in the virtual host", async () => {
    await broker.node.ctl("add_user", "stranger", "hunter2");
    const url = `amqp://stranger:hunter2@127.0.0.1:${broker.node.port}`;
    const { vhost, permissions } = await examine(url, plain);
    assert.equal(vhost?.verdict, "problem");
    assert.match(vhost.remedy ?? "", /set_permissions -p \/ stranger/);
    assert.equal(permissions?.verdict, "skipped");
    const { exitCode, stderr } = await runCLI(["call", "tasks.one", "--url", url]);
    assert.match(stderr, /refused us[^]*to do {2}Check the user name/);
    assert.equal(exitCode, 3);
  });
});
