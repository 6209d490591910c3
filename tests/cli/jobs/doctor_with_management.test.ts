import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { freePorts } from "../../../scripts/broker/free_ports.ts";
import type { Check } from "../../../src/cli/doctor/check.ts";
import { checkManagement } from "../../../src/cli/doctor/management_checks.ts";
import { resolveSettings } from "../../../src/settings/settings.ts";
import { JobBench } from "../../support/job_bench.ts";
import { needsRabbitMQServerForLong, PrivateBroker } from "../../support/private_broker.ts";
import { waitFor } from "../../support/wait_for.ts";

describe("doctor with the management plugin of RabbitMQ", needsRabbitMQServerForLong, () => {
  let broker: PrivateBroker | undefined;
  let page = "";

  before(async () => {
    const [port = 0] = await freePorts(1);
    page = `http://127.0.0.1:${port}`;
    broker = await PrivateBroker.start({
      plugins: ["rabbitmq_management"],
      configuration: ["management.tcp.ip = 127.0.0.1", `management.tcp.port = ${port}`],
      // The plugin and those that it needs take long to load.
      startTimeout: 240_000,
    });
  });
  after(() => broker?.[Symbol.asyncDispose]());

  it("finds policies, alarms and who may not look", async () => {
    assert.ok(broker);
    const { node, settings } = broker;
    await using bench = new JobBench(settings, false);
    const route = bench.route();
    bench.jobs(route, () => {});
    await bench.worker();
    await bench.client().send(route, 1, { delay: 64 });
    const look = async (address = page): Promise<Readonly<Record<string, Check>>> => {
      const checks = await checkManagement(address, resolveSettings(settings));
      return Object.fromEntries(checks.map((check) => [check.name, check]));
    };
    const hasAll = async (): Promise<boolean> =>
      (await look())["job queues"]?.message === "29 queues as workers declare them";
    await waitFor(hasAll, "the API to know the queues");
    for (const { name, verdict, message } of Object.values(await look()))
      assert.equal(verdict, "ok", `${name}: ${message}`);

    const policy = { expires: 86_400_000, overflow: "drop-head", "max-length": 1_000 };
    await node.ctl("set_policy", "--apply-to", "queues", "all", ".*", JSON.stringify(policy));
    await node.ctl("eval", "rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []}).");
    const isTold = async (): Promise<boolean> => {
      const { alarms, policies } = await look();
      return alarms?.verdict === "problem" && policies?.verdict === "problem";
    };
    await waitFor(isTold, "the API to tell of both");
    const { alarms, policies } = await look();
    assert.match(alarms?.message ?? "", /^bgtasks-\d+@localhost has too little memory left$/);
    for (const rule of ["expires: 86400000", "overflow: drop-head", "max-length: 1000"])
      assert.ok(policies?.message.includes(`${rule} of all: `), policies?.message);
    await node.ctl("eval", "rabbit_alarm:clear_alarm({resource_limit, memory, node()}).");

    await node.ctl("add_user", "ann", "secret");
    const { management } = await look(page.replace("//", "//ann:secret@"));
    assert.match(management?.message ?? "", /answers 401: this user may not look there$/);
  });
});
