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

  /** Changes the broker by the API. */
  async function put(path: string, body: object): Promise<void> {
    const authorization = `Basic ${btoa("guest:guest")}`;
    const headers = { authorization, "content-type": "application/json" };
    const text = JSON.stringify(body);
    const response = await fetch(`${page}/api/${path}`, { method: "PUT", headers, body: text });
    assert.ok(response.ok, `${path}: ${response.status} ${await response.text()}`);
  }

  it("finds policies that harm, and a user who may not look", async () => {
    assert.ok(broker);
    const { settings } = broker;
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

    const definition = { expires: 86_400_000, overflow: "drop-head", "max-length": 1_000 };
    await put("policies/%2F/all", { pattern: ".*", definition, "apply-to": "queues" });
    const isTold = async (): Promise<boolean> => (await look())["policies"]?.verdict === "problem";
    await waitFor(isTold, "the API to tell of the policy");
    const { policies } = await look();
    for (const rule of ["expires: 86400000", "overflow: drop-head", "max-length: 1000"])
      assert.ok(policies?.message.includes(`${rule} of all: `), policies?.message);

    await put("users/ann", { password: "secret", tags: "" });
    const { management } = await look(page.replace("//", "//ann:secret@"));
    assert.match(management?.message ?? "", /answers 401: this user may not look there$/);
  });
});
