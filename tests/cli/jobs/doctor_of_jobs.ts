import assert from "node:assert/strict";
import { it } from "node:test";

import { checkBroker } from "../../../src/cli/doctor/broker_checks.ts";
import type { Check } from "../../../src/cli/doctor/check.ts";
import { openInspector } from "../../../src/job_composition.ts";
import { deadQueueName, jobQueueName } from "../../../src/jobs/job_queues.ts";
import { jobsOf } from "../../../src/jobs/job_registry.ts";
import { resolveSettings } from "../../../src/settings/settings.ts";
import { withChannel } from "../../support/broker.ts";
import { FakeBroker } from "../../support/fake_broker.ts";
import type { JobAdapter, JobBench } from "../../support/job_bench.ts";
import { waitFor } from "../../support/wait_for.ts";

type Checks = Readonly<Record<string, Check | undefined>>;

/** What the doctor says of a bench's jobs. */
async function examine({ jobs, settings }: JobBench, url = settings.url): Promise<Checks> {
  const found = {
    tasks: [],
    jobs: [...jobsOf(jobs)].map((job) => ({ job, file: "tasks.ts" })),
  };
  const checks = await checkBroker(resolveSettings({ ...settings, url }), found, undefined);
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

/** How the doctor looks at jobs. */
export function defineDoctorOfJobs(adapter: JobAdapter): void {
  it("doctor makes no queue that is missing, and says what AMQP cannot tell", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.jobs(route, () => {});
    const { [`job ${route}`]: job, policies, jobs } = await examine(bench);
    assert.deepEqual([job?.verdict, jobs], ["ok", undefined]);
    assert.equal(job?.message, "has no queue yet; its first worker declares it");
    assert.equal(policies?.verdict, "skipped");
    assert.match(policies.remedy ?? "", /rabbitmqctl list_policies -p \/\n/);
    const inspector = await openInspector(resolveSettings(bench.settings));
    const queue = jobQueueName(route);
    assert.equal(await inspector.find(queue), undefined);
    assert.equal(await inspector.find(deadQueueName(queue)), undefined);
    await inspector.close();
  });

  it("doctor finds nothing wrong with the queues of a worker, and tells of dead letters", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.jobs(route, (_: unknown, ctx) => ctx.giveUp("no"));
    await bench.worker();
    const before = (await examine(bench))[`job ${route}`];
    assert.deepEqual([before?.verdict, before?.message], ["ok", "0 waiting, 1 consumer, 0 dead"]);
    const client = bench.client();
    await client.send(route, 1);
    await waitFor(async () => (await client.deadLetters(route).count()) === 1, "the letter");
    const after = (await examine(bench))[`job ${route}`];
    assert.deepEqual(
      [after?.verdict, after?.message],
      ["warning", "0 waiting, 1 consumer, 1 dead"],
    );
    assert.match(after?.remedy ?? "", /^bgtasks jobs dead test\./);
  });

  it("doctor tells of a queue of another type, and deletes nothing", async () => {
    await using bench = adapter.open();
    const [classic, dead] = [bench.route("classic"), bench.route("dead")];
    bench.jobs(classic, () => {});
    bench.jobs(dead, () => {});
    const queues = [jobQueueName(classic), deadQueueName(jobQueueName(dead))];
    const url = adapter.url();
    for (const queue of queues)
      await withChannel((channel) => channel.queueDeclare(queue, { durable: true }), url);
    const checks = await examine(bench);
    for (const route of [classic, dead]) {
      const check = checks[`job ${route}`];
      assert.equal(check?.verdict, "problem");
      assert.match(check.message, /PRECONDITION_FAILED.*x-queue-type|inequivalent arg/);
      assert.match(check.remedy ?? "", /delete it, and start them again/);
    }
    for (const queue of queues)
      await withChannel((channel) => channel.queueDeclare(queue, { passive: true }), url);
  });

  it("doctor tells of a ladder of delays that has gaps", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.jobs(route, () => {});
    const worker = await bench.worker();
    await bench.client().send(route, 1, { delay: 64 });
    await worker.stop();
    const { delays: whole } = await examine(bench);
    assert.equal(whole?.verdict, "ok");
    assert.match(whole.message, /^\d+ jobs? of all routes delayed$/);
    await withChannel((channel) => channel.queueDelete("bgtasks.v1.delay.20"), adapter.url());
    const { delays } = await examine(bench);
    assert.equal(delays?.verdict, "warning");
    assert.match(delays.message, /^only 25 of 26 queues are there/);
  });

  it("doctor warns of jobs on LavinMQ", async () => {
    await using bench = adapter.open();
    bench.jobs(bench.route(), () => {});
    await using broker = await FakeBroker.open({ product: "LavinMQ" });
    const { jobs } = await examine(bench, broker.url);
    assert.equal(jobs?.verdict, "warning");
    assert.match(jobs.message, /^LavinMQ has no quorum queues: a job is on one disk/);
  });
}
