import assert from "node:assert/strict";
import net from "node:net";
import { describe, it } from "node:test";

import type { DeadLetters } from "../../../mod.ts";
import { listLetters } from "../../../src/cli/jobs/dead_command.ts";
import { discardLetters } from "../../../src/cli/jobs/discard_command.ts";
import { attempt } from "../../../src/cli/jobs/job_action.ts";
import type { JobAction } from "../../../src/cli/jobs/job_action.ts";
import { listJobs } from "../../../src/cli/jobs/list_command.ts";
import { retryLetters } from "../../../src/cli/jobs/retry_command.ts";
import { sendJob } from "../../../src/cli/jobs/send_command.ts";
import type { CommandFailure } from "../../../src/cli/terminal/exit_code.ts";
import { jobQueueName } from "../../../src/jobs/job_queues.ts";
import { resolveSettings } from "../../../src/settings/settings.ts";
import { withChannel } from "../../support/broker.ts";
import { CLI } from "../../support/cli.ts";
import type { JobBench } from "../../support/job_bench.ts";
import { onPrivateJobBroker } from "../../support/job_bench.ts";
import { waitFor } from "../../support/wait_for.ts";
import { runCLI } from "../run_cli.ts";
import { TaskFolder } from "../task_folder.ts";
import { defineDoctorOfJobs } from "./doctor_of_jobs.ts";

async function hasLetters(dead: DeadLetters, count: number): Promise<void> {
  await waitFor(async () => (await dead.count()) === count, `${count} dead letters`);
}

function actionOf(bench: JobBench): JobAction {
  return { client: bench.client(), settings: resolveSettings(bench.settings) };
}

/** A job that gives up until it is mended, whose ids are then noted. */
async function openBroken(bench: JobBench) {
  const route = bench.route("broken");
  const state = { route, isMended: false, done: [] as string[] };
  bench.jobs(route, (_: unknown, ctx) => {
    if (!state.isMended) ctx.giveUp("the bank is \u001b[31mclosed");
    state.done.push(ctx.id);
  });
  await bench.worker();
  return state;
}

onPrivateJobBroker("bgtasks", (adapter) => {
  it("worker does the jobs of a module that has no tasks, which jobs sends and lists", async () => {
    await using bench = adapter.open();
    await using folder = await TaskFolder.create();
    const [route, never] = [bench.route("done"), bench.route("never")];
    const tasks = await folder.write(
      "tasks.mjs",
      `jobTasks(${JSON.stringify(route)}, (n, ctx) => console.log("did", JSON.stringify(n), ctx.id));
       jobTasks(${JSON.stringify(never)}, () => {});`,
    );
    const where = ["--url", adapter.url()];
    const before = await runCLI(["jobs", "--tasks", tasks, ...where]);
    assert.ok(before.stdout.includes("the broker has no such queue"), before.stdout);
    assert.equal(before.exitCode, 0);
    const cli = new CLI(["worker", "--tasks", tasks, ...where]);
    await waitFor(() => cli.stdout.includes("Ready"), "the worker", 30_000);
    assert.match(
      cli.stdout,
      new RegExp(`jobs +2\\n  ${route} +.*tasks\\.mjs\\n  ${never} +.*tasks`),
    );
    const sent = await runCLI(["jobs", "send", route, '{"a":1}', "--id", "x", ...where]);
    assert.deepEqual([sent.stdout, sent.stderr, sent.exitCode], ["x\n", "", 0]);
    await waitFor(() => cli.stdout.includes('did {"a":1} x'), "the job");
    cli.signal("SIGTERM");
    assert.equal(await cli.exited(), 0);
  });

  it("jobs list tells what waits, who takes it, what is dead, and what is delayed in all", async () => {
    await using bench = adapter.open();
    const { route } = await openBroken(bench);
    const never = bench.route("never");
    const action = actionOf(bench);
    const { report } = await sendJob(action, route, 1, { delay: 3_600_000 });
    assert.match(String(report["id"]), /^[\da-f-]{36}$/);
    await sendJob(action, route, 2, { id: "now", timeout: 9_000 });
    await hasLetters(action.client.deadLetters(route), 1);
    const { report: counts, text = "", exitCode } = await listJobs(action, [route, never], true);
    assert.deepEqual(counts, {
      jobs: [
        { route, waiting: 0, workers: 1, dead: 1 },
        { route: never, waiting: null, workers: null, dead: null },
      ],
      delayed: 1,
      lost: 0,
    });
    assert.match(text, /^route +waiting +workers +dead\n/);
    assert.match(text, new RegExp(`${route} +0 +1 +1\n${never} +- +- +-\n`));
    assert.match(text, /delayed {2}1 job of all routes\n- +the broker has no such queue/);
    assert.equal(exitCode, 4);
    assert.equal((await listJobs(action, [route, never], false)).exitCode, 0);
    const { aside } = await listJobs(action, ["ded", route], true);
    assert.equal(aside, '"ded" is taken for a route; did you mean dead?');
  });

  it("jobs dead lists letters, which stay, and obeys none of their control characters", async () => {
    await using bench = adapter.open();
    const { route } = await openBroken(bench);
    const action = actionOf(bench);
    const dead = action.client.deadLetters(route);
    for (const id of ["order-1", "order-2"]) await sendJob(action, route, { id }, { id });
    await hasLetters(dead, 2);
    const { text = "", aside } = await listLetters(action, route, 1);
    assert.match(text, /^order-1 {2}given_up\n {2}attempts {2}1\n/);
    assert.match(text, /error +GivenUp: the bank is \\u001b\[31mclosed\n {2}worker +bgtasks\n/);
    assert.match(text, /input +\{"id":"order-1"\}$/);
    assert.equal(aside, `1 of 2 dead letters of "${route}": --limit shows more`);
    const { report, aside: all } = await listLetters(action, route, 100);
    const letters = report["letters"] as { readonly id: string; readonly body: unknown }[];
    assert.deepEqual([report["route"], report["total"]], [route, 2]);
    assert.deepEqual(
      new Map(letters.map(({ id, body }) => [id, body])),
      new Map([
        ["order-1", { id: "order-1" }],
        ["order-2", { id: "order-2" }],
      ]),
    );
    assert.equal(all, `2 dead letters of "${route}"`);
    await hasLetters(dead, 2);
  });

  it("jobs retry and discard deal with the letters that are named, with some and with all", async () => {
    await using bench = adapter.open();
    const state = await openBroken(bench);
    const { route } = state;
    const action = actionOf(bench);
    const dead = action.client.deadLetters(route);
    for (const id of ["a", "b", "c", "d"]) await sendJob(action, route, null, { id });
    await hasLetters(dead, 4);
    state.isMended = true;
    assert.deepEqual(await retryLetters(action, { route, choice: { ids: ["a"] } }), {
      report: { route, retried: 1, left: 0 },
      text: `1 dead letter of "${route}" retried`,
      aside: undefined,
      exitCode: 0,
    });
    await waitFor(() => state.done.length === 1, "the job");
    assert.deepEqual(await discardLetters(action, { route, choice: { ids: ["b", "absent"] } }), {
      report: { route, discarded: 1 },
      text: `1 dead letter of "${route}" discarded`,
      aside: "1 of 2 ids not found",
      exitCode: 1,
    });
    const absent = await retryLetters(action, { route, choice: { ids: ["absent"] } });
    assert.deepEqual([absent.aside, absent.exitCode], ["1 of 1 id not found", 1]);
    const limited = await retryLetters(action, { route, choice: { limit: 1 } });
    assert.deepEqual(limited.report, { route, retried: 1, left: 0 });
    await waitFor(() => state.done.length === 2, "the second job");
    const { report, exitCode } = await discardLetters(action, { route, choice: {} });
    assert.deepEqual([report["discarded"], exitCode], [1, 0]);
    await hasLetters(dead, 0);
  });

  it("jobs --lost is about those whose queue was gone when they were due", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    bench.jobs(route, () => {});
    const worker = await bench.worker();
    await worker.stop();
    const action = actionOf(bench);
    await sendJob(action, route, 1, { id: "late", delay: 1_000 });
    await withChannel((channel) => channel.queueDelete(jobQueueName(route)), adapter.url());
    await hasLetters(action.client.deadLetters(), 1);
    const listed = await listJobs(action, [], false);
    assert.match(listed.text ?? "", /lost +1 job whose queue was gone.*: bgtasks jobs dead --lost/);
    const { text = "" } = await listLetters(action, undefined, 10);
    assert.match(text, /^late {2}unrouted\n/);
    assert.ok(text.includes(`queue     bgtasks.job.${route}\n`), text);
    const lost = { route: undefined, choice: { ids: ["late"] } };
    const retried = await retryLetters(action, lost);
    assert.match(retried.aside ?? "", /^1 stayed: .* their queue is gone$/);
    assert.equal(retried.exitCode, 1);
    const discarded = await discardLetters(action, lost);
    assert.deepEqual(discarded.report, { route: null, discarded: 1 });
  });

  it("jobs tells a route that the broker does not know, as text and as JSON", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const dead = attempt(bench.settings, false, (action) => listLetters(action, route, 10));
    await assert.rejects(dead, (error: CommandFailure) => {
      assert.match(error.message, /^Cannot look at the dead letters of ".*" as the broker has no/);
      assert.match(error.message, /to do {2}Start its worker, or check the name/);
      return error.exitCode === 4;
    });
    const sent = await attempt(bench.settings, true, (action) => sendJob(action, route, 1, {}));
    assert.equal((sent.report["error"] as { readonly code: string }).code, "no_route");
    assert.equal(sent.exitCode, 4);
  });

  defineDoctorOfJobs(adapter);
});

describe("bgtasks jobs without a broker", () => {
  it("says so at once, and what to do, without the password", async () => {
    const settings = {
      url: "amqp://tom:hunter2@127.0.0.1:1/v",
      environment: "",
      reconnect: { attempts: 1 },
    };
    const sent = attempt(settings, false, (action) => sendJob(action, "x", 1, {}));
    await assert.rejects(sent, (error: CommandFailure) => {
      assert.match(error.message, /^Cannot reach the broker at 127\.0\.0\.1:1: [^]*Start a broker/);
      assert.doesNotMatch(error.message, /hunter2|gave up/);
      return error.exitCode === 3;
    });
    const listed = await attempt(settings, true, (action) => listJobs(action, ["x"], true));
    assert.equal((listed.report["error"] as { readonly code: string }).code, "connection_lost");
    assert.equal(listed.exitCode, 3);
  });

  it("refuses the environment that has none", async () => {
    const environment = { ENVIRONMENT: "test" };
    const { stderr, exitCode } = await runCLI(["jobs", "retry", "x", "--all"], { environment });
    assert.match(stderr, /Cannot retry dead letters, because the environment is "test"/);
    assert.equal(exitCode, 3);
  });

  it("ends at once at Ctrl-C", async () => {
    // Accepts connections and says nothing.
    const server = net.createServer((socket) => socket.on("error", () => {}));
    const connected = new Promise<void>((resolve) => server.once("connection", () => resolve()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const cli = new CLI(["jobs", "send", "x", "1", "--url", `amqp://127.0.0.1:${port}`]);
    await connected;
    const start = performance.now();
    cli.signal("SIGINT");
    await cli.exited();
    const took = performance.now() - start;
    server.close();
    // Without it the attempt to connect takes ten seconds.
    assert.ok(took < 8_000, `${took} ms`);
    assert.equal(cli.output, "");
  });
});
