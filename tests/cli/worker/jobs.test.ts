import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";

import { CLI } from "../../support/cli.ts";
import { onJobBroker } from "../../support/job_bench.ts";
import { waitFor } from "../../support/wait_for.ts";

onJobBroker("bgtasks worker", (adapter) => {
  it("does the jobs of a module that has no tasks, and names them when it starts", async () => {
    await using bench = adapter.open();
    const route = bench.route();
    const folder = await mkdtemp(join(tmpdir(), "bgtasks-jobs-"));
    bench.onDispose(() => rm(folder, { recursive: true }));
    const library = new URL("../../../mod.ts", import.meta.url).href;
    const tasks = join(folder, "tasks.mjs");
    await writeFile(
      tasks,
      `import { jobTasks } from ${JSON.stringify(library)};
       jobTasks(${JSON.stringify(route)}, (n, ctx) => console.log("did", n, ctx.id));`,
    );
    const cli = new CLI(["worker", "--tasks", tasks, "--url", adapter.url()]);
    await waitFor(() => cli.stdout.includes("Ready"), "the worker", 30_000);
    assert.ok(cli.stdout.includes(`jobs         1\n  ${route}\n`), cli.stdout);
    await bench.client().send(route, 7, { id: "x" });
    await waitFor(() => cli.stdout.includes("did 7 x"), "the job");
    cli.signal("SIGTERM");
    assert.equal(await cli.exited(), 0);
  });
});
