import * as v from "valibot";
import { z } from "zod";

import { JobRegistry, remoteField, TaskRegistry } from "../../../mod.ts";
import type { DescribedJob, DescribedTask } from "../../../src/cli/docs/described_task.ts";
import { describeJob, describeTask } from "../../../src/cli/docs/described_task.ts";
import { jobsOf } from "../../../src/jobs/job_registry.ts";

interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}
const tree: v.GenericSchema<Tree> = v.object({
  name: v.string(),
  children: v.array(v.lazy(() => tree)),
});

const anything = (): null => null;

/** Tasks as they may be: of several libraries, without schemas, and with routes that want to be more than names. */
export function oddTasks(): readonly DescribedTask[] {
  const tasks = new TaskRegistry();
  const image = v.nullable(remoteField(v.number(), { route: "images.byIds" }));
  const user = v.object({ id: v.number(), mail: v.pipe(v.string(), v.email()), image });
  const order = z.object({ items: z.array(z.string()).min(2), paid: z.boolean() });
  tasks("users.add", { input: user, output: user }, anything as never);
  tasks("orders.place", { input: order, timeout: 2_000, concurrency: 5 }, anything);
  tasks("trees.plant", { input: tree, queue: { durable: false } }, anything);
  tasks("big.number", { input: z.bigint() }, anything);
  tasks("orders.watch", { yields: user }, async function* () {});
  tasks("no schema", anything);
  for (const route of ODD_ROUTES) tasks(route, { input: v.literal(route) }, anything);
  return [...tasks].map((task) => describeTask({ task, file: 'it\'s "ours" <b>/tasks.ts' }));
}

/** Jobs as they may be. The route of one is that of a task. */
export function oddJobs(): readonly DescribedJob[] {
  const jobs = new JobRegistry();
  const retry = { attempts: 4, delay: 2_000, factor: 3, max: 60_000 };
  const options = { retry, timeout: 5_000, exchange: "default", description: "Sends a <mail>." };
  jobs("users.add", { input: v.object({ id: v.number() }), ...options }, () => {});
  jobs("retried", { retry: () => false, concurrency: 2 }, () => {});
  for (const route of ODD_ROUTES) jobs(route, { input: v.literal(route) }, () => {});
  return [...jobsOf(jobs)].map((job) => describeJob({ job, file: 'it\'s "ours" <b>/tasks.ts' }));
}

/** Routes that would break out of HTML, a shell, a program or a JSON pointer. */
export const ODD_ROUTES: readonly string[] = [
  "<script>alert(1)</script>",
  "</script><img src=x onerror=alert(1)>",
  `"quotes" 'both' \`and\` \\`,
  "$(touch owned); `touch owned`",
  "-rf",
  "a/b~c#d%20e",
  "a.b c",
  "a.b_c",
  "zeile\u2028zwei\ttab\u0085",
  "größe.日本語.🐇",
  "__proto__",
];
